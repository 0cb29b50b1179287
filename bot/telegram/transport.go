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

// maxAnswer is the most that is read of an answer, bytes. A hundred updates of the longest text are less than half of it.
const maxAnswer = 4 << 20

// transport carries one request for the library, which knows neither contexts nor limits.
type transport struct {
	ctx    context.Context //nolint:containedctx // it lives for one request
	client *http.Client

	status int           // of an answer that came whole
	after  time.Duration // its Retry-After
	unsent bool          // nothing of the request's body has left
}

// Do sends the request and reads the whole answer. Its errors do not hold the URL, whose path is a secret.
func (w *transport) Do(r *http.Request) (*http.Response, error) {
	data, err := io.ReadAll(r.Body) // a whole body has a length, and can be sent again on a new connection
	if err != nil {
		return nil, err
	}
	s := &seal{}
	r = r.WithContext(w.ctx)
	r.ContentLength = int64(len(data))
	r.GetBody = func() (io.ReadCloser, error) { return s.body(data), nil }
	r.Body = s.body(data)
	if len(data) == 0 {
		r.Body = http.NoBody
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.unsent = s.close()
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	w.status = resp.StatusCode
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	w.after = time.Duration(seconds) * time.Second
	return resp, nil
}

// seal knows whether anybody has begun to send a body, and once closed unbroken keeps everybody from it. That
// makes "not sent" certain: the server cannot act on a message that it has no byte of.
type seal struct{ state atomic.Int32 }

const (
	whole int32 = iota
	broken
	closed
)

// close reports whether the seal is whole; no reader gets a byte from then on.
func (s *seal) close() bool { return s.state.CompareAndSwap(whole, closed) }

func (s *seal) body(data []byte) io.ReadCloser {
	return io.NopCloser(&sealed{seal: s, data: bytes.NewReader(data)})
}

type sealed struct {
	seal *seal
	data *bytes.Reader
}

func (b *sealed) Read(p []byte) (int, error) {
	if !b.seal.state.CompareAndSwap(whole, broken) && b.seal.state.Load() == closed {
		return 0, errors.New("the request has been given up")
	}
	return b.data.Read(p)
}
