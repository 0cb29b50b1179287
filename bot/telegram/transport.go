package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// maxAnswer bounds an answer, in bytes. A hundred updates of the longest text take less than half of it.
const maxAnswer = 4 << 20

// transport makes one request for the library, which knows neither contexts nor limits.
type transport struct {
	ctx    context.Context //nolint:containedctx // it lives for one request
	client *http.Client

	answered func(http.Header) // called with that of every answer

	status     int           // of an answer that was read completely
	retryAfter time.Duration // its Retry-After
	unsent     bool          // nothing of the request's body was sent
}

// Do sends the request and reads the whole answer. Its errors do not contain the URL, which contains the token.
func (t *transport) Do(r *http.Request) (*http.Response, error) {
	data, err := io.ReadAll(r.Body) // so that it has a length, and can be sent again on a new connection
	if err != nil {
		return nil, err
	}
	gate := &bodyGate{}
	r = r.WithContext(t.ctx)
	r.ContentLength = int64(len(data))
	r.GetBody = func() (io.ReadCloser, error) { return gate.body(data), nil }
	r.Body = gate.body(data)
	if len(data) == 0 {
		r.Body = http.NoBody
	}
	resp, err := t.client.Do(r)
	if err != nil {
		t.unsent = gate.close()
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	t.answered(resp.Header)
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	t.status = resp.StatusCode
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	t.retryAfter = time.Duration(seconds) * time.Second
	return resp, nil
}

// bodyGate knows whether anybody has begun to read the body of a request. Closed before that, it makes "not sent"
// certain: nobody can read the body any more, and the server has not received a byte of it.
type bodyGate struct{ state atomic.Int32 }

const (
	unread int32 = iota
	begun
	closed
)

// close closes the gate, and reports whether it did so before anybody read the body.
func (g *bodyGate) close() bool { return g.state.CompareAndSwap(unread, closed) }

func (g *bodyGate) body(data []byte) io.ReadCloser {
	return io.NopCloser(&gatedBody{gate: g, data: bytes.NewReader(data)})
}

type gatedBody struct {
	gate *bodyGate
	data *bytes.Reader
}

func (b *gatedBody) Read(p []byte) (int, error) {
	if !b.gate.state.CompareAndSwap(unread, begun) && b.gate.state.Load() == closed {
		return 0, errors.New("the request has been given up")
	}
	return b.data.Read(p)
}
