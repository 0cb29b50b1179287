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
	callLimit = 15 * time.Second // of one exchange, connecting and reading the answer included
	maxBody   = 1 << 20          // bytes of an answer that are read
)

// transport is the one way to Discord's REST. As an http.RoundTripper it stands under the library, which therefore sees
// good answers only: everything else is an error here, typed and free of secrets.
type transport struct {
	base  *url.URL
	token string
	pace  *rateLimit
	next  *http.Transport
}

// RoundTrip waits for its turn, makes the exchange and learns from the answer. The library's own address is
// replaced by the configured base.
func (d *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	route := routeOf(r.Method, r.URL.Path)
	leave, err := d.pace.enter(r.Context(), route)
	if err != nil {
		return nil, err
	}
	resp, err := d.exchange(r)
	var header http.Header
	if resp != nil {
		header = resp.Header.Clone()
		for name := range resp.Header {
			if strings.HasPrefix(name, "X-Ratelimit-") {
				resp.Header.Del(name) // or the library waits too, deaf to the context
			}
		}
	}
	leave(header, err)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// exchange returns the whole answer with its body in memory. An answer that is not good comes with its error.
func (d *transport) exchange(r *http.Request) (*http.Response, error) {
	ctx, done := msg.WithGrace(r.Context())
	defer done()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}
	out := r.Clone(httptrace.WithClientTrace(ctx, trace))
	out.URL.Scheme, out.URL.Host, out.URL.Path, out.Host = d.base.Scheme, d.base.Host, d.base.Path+r.URL.Path, ""

	resp, err := d.next.RoundTrip(out)
	switch {
	case err != nil && !wrote.Load():
		return nil, &msg.NotSentError{Reason: d.redact(r, err.Error())}
	case err != nil:
		return nil, errors.New(d.redact(r, err.Error()))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if len(body) > maxBody {
		err = fmt.Errorf("more than %d bytes", maxBody)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if failure := refusalOf(resp, []byte(d.redact(r, string(body)))); failure != nil {
		return resp, failure
	}
	if err != nil {
		return resp, fmt.Errorf("answer of Discord: %s", d.redact(r, err.Error()))
	}
	return resp, nil
}

// redact takes the secrets of a request out of foreign text: the bot's token, and that of an interaction, which is
// part of the path.
func (d *transport) redact(r *http.Request, text string) string {
	text = strings.ReplaceAll(text, d.token, "[token]")
	for part := range strings.SplitSeq(r.URL.Path, "/") {
		if len(part) > 30 { // ids are shorter
			text = strings.ReplaceAll(text, part, "[token]")
		}
	}
	return text
}

// routeOf names what shares a rate limit: the method and the path. Interactions answer by addresses of their own
// and are outside all limits but their own: "".
func routeOf(method, path string) string {
	_, path, _ = strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
	if strings.HasPrefix(path, "interactions/") || strings.HasPrefix(path, "webhooks/") {
		return ""
	}
	return method + " " + path
}
