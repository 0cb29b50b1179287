// Package post makes the HTTP requests of platforms that take a message with one request: each is bounded in time and
// size, no redirect is followed, and what may be a secret (the URL, its host, the answer) is in no error.
//
// It knows no platform, and nothing of what is sent.
package post

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"friendlyfire/bot/msg"
)

const (
	callLimit = 15 * time.Second // of one request, including connecting and reading the answer
	maxAnswer = 64 << 10         // bytes
)

// Dialer opens a connection.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Client makes requests. It is safe for concurrent use.
type Client struct {
	transport *http.Transport
	answered  func(http.Header)
}

// New returns a client whose connections are opened by dial; nil dials the network, by way of the proxy that the
// environment names, if it names one. It calls answered with the header of every answer.
func New(dial Dialer, answered func(http.Header)) *Client {
	t := &http.Transport{
		DialContext:         dial,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: callLimit,
		MaxIdleConnsPerHost: 2,
		IdleConnTimeout:     20 * time.Second, // less than any server's, which could close it during a request
	}
	if dial == nil {
		t.Proxy = http.ProxyFromEnvironment
		t.DialContext = (&net.Dialer{Timeout: callLimit, KeepAlive: 15 * time.Second}).DialContext
	}
	return &Client{transport: t, answered: answered}
}

// Answer is what a server answers.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // its beginning, 64 KiB at most
}

// Do makes a request, and lets it end where ctx does meanwhile. The error is a *msg.NotSentError where nothing was
// sent, and otherwise leaves open whether anything has arrived. With one there is an answer where its status is known.
func (c *Client) Do(ctx context.Context, r *http.Request) (Answer, error) {
	if ctx.Err() != nil {
		return Answer{}, &msg.NotSentError{Reason: "stopped before it was sent", Unreached: true}
	}
	ctx, done := msg.WithGrace(ctx)
	defer done()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}
	resp, err := c.transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
	switch {
	case err != nil && !wrote.Load():
		return Answer{}, &msg.NotSentError{Reason: redact(err), Unreached: true}
	case err != nil:
		return Answer{}, errors.New(redact(err))
	}
	defer resp.Body.Close()
	c.answered(resp.Header)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		err = fmt.Errorf("the answer breaks off: %s", redact(err))
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, err
}
