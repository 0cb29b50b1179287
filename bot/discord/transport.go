package discord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"friendlyfire/bot/msg"
)

const (
	callLimit = 15 * time.Second // of one request, including connecting and reading the answer
	maxAnswer = 1 << 20          // bytes
)

// transport makes all requests to Discord's REST API. It is the library's http.RoundTripper, and returns only successes
// as answers; everything else is an error, without secrets, for classify.
type transport struct {
	base   *url.URL
	token  string
	limits *rateLimit
	next   *http.Transport

	answered func(http.Header) // called with that of every answer
}

// RoundTrip waits for the rate limits, makes the request, and lets the rate limits learn from its outcome.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	route := routeOf(r.Method, r.URL.Path)
	upload := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/")
	release, err := t.limits.acquire(r.Context(), route, upload)
	if err != nil {
		return nil, err
	}
	resp, err := t.exchange(r)
	var header http.Header
	if resp != nil {
		header = resp.Header.Clone()
		for name := range resp.Header {
			if strings.HasPrefix(name, "X-Ratelimit-") {
				resp.Header.Del(name) // otherwise the library would wait too, regardless of the context
			}
		}
	}
	release(header, err)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// exchange makes the request at base, and returns the answer with its body in memory. With an answer that is not a
// success it returns an error too.
func (t *transport) exchange(r *http.Request) (*http.Response, error) {
	ctx, done := msg.WithGrace(r.Context())
	defer done()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}
	out := r.Clone(httptrace.WithClientTrace(ctx, trace))
	out.URL.Scheme, out.URL.Host, out.URL.Path, out.Host = t.base.Scheme, t.base.Host, t.base.Path+r.URL.Path, ""

	resp, err := t.next.RoundTrip(out)
	switch {
	case err != nil && !wrote.Load():
		return nil, &msg.NotSentError{Reason: t.redact(r, err.Error()), Unreached: true}
	case err != nil:
		return nil, errors.New(t.redact(r, err.Error()))
	}
	defer resp.Body.Close()
	t.answered(resp.Header)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if len(body) > maxAnswer {
		err = fmt.Errorf("more than %d bytes", maxAnswer)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if failure := parseRefusal(resp, []byte(t.redact(r, string(body)))); failure != nil {
		return resp, failure
	}
	if err != nil {
		return resp, fmt.Errorf("answer of Discord: %s", t.redact(r, err.Error()))
	}
	return resp, nil
}

// redact removes the secrets of a request from text that others wrote: the bot's token, and that of an interaction,
// which is part of the path.
func (t *transport) redact(r *http.Request, text string) string {
	text = strings.ReplaceAll(text, t.token, "[token]")
	for part := range strings.SplitSeq(r.URL.Path, "/") {
		if len(part) > 30 { // ids are shorter
			text = strings.ReplaceAll(text, part, "[token]")
		}
	}
	return text
}

// routeOf returns the name of the route, whose requests share a rate limit: the method and the path. Answers to
// interactions are exempt from the limits: "".
func routeOf(method, path string) string {
	_, path, _ = strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
	if strings.HasPrefix(path, "interactions/") || strings.HasPrefix(path, "webhooks/") {
		return ""
	}
	if channel, message, ok := strings.Cut(path, "/messages/"); ok && strings.HasPrefix(path, "channels/") && message != "" {
		path = channel + "/messages/id" // all messages of a channel share a limit
	}
	return method + " " + path
}
