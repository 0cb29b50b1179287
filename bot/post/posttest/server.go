// Package posttest is the part of a fake that is the same for all platforms that take a message with one HTTP request:
// it records the requests, and has the faults that any server may have.
package posttest

import (
	"html"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
)

// Request is a request that came in.
type Request struct {
	Method, Path string
	Header       http.Header
	Body         []byte
	Time         time.Time
	Status       int // of the answer; 0: there was none
}

// Answer is the answer to a request.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
}

// Server is a platform. It is safe for concurrent use.
type Server struct {
	*bottest.Server

	handle func(Request) Answer

	mu       sync.Mutex
	requests []Request
	script   func(Request) Fault
}

// New returns a server whose requests handle answers, one at a time: on a free port of 127.0.0.1, or for a port that is
// not 0, without a socket. It is closed when the test ends.
func New(tb testing.TB, port int, handle func(Request) Answer) *Server {
	tb.Helper()
	s := &Server{handle: handle}
	if port == 0 {
		s.Server = bottest.Start(tb)
	} else {
		s.Server = bottest.InMemory(port)
	}
	s.Serve(tb, &http.Server{Handler: s, ReadHeaderTimeout: time.Minute})
	return s
}

// Requests are all requests, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Script makes choose return the fault of every request; nil is none. A nil choose ends the script.
func (s *Server) Script(choose func(Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = choose
}

// Fault handles a request wrongly.
type Fault func(*Exchange)

// Exchange is a request that is being handled.
type Exchange struct {
	s  *Server
	w  http.ResponseWriter
	r  *http.Request
	q  Request
	at int
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		bottest.Cut()
	}
	x := &Exchange{s: s, w: w, r: r, q: Request{
		Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body, Time: time.Now(),
	}}
	s.mu.Lock()
	x.at = len(s.requests)
	s.requests = append(s.requests, x.q)
	var fault Fault
	if s.script != nil {
		fault = s.script(x.q)
	}
	s.mu.Unlock()
	if fault == nil {
		x.answer(x.do())
		return
	}
	fault(x)
}

// do does what the request asks for.
func (x *Exchange) do() Answer {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return x.s.handle(x.q)
}

func (x *Exchange) answer(a Answer) {
	x.s.mu.Lock()
	x.s.requests[x.at].Status = a.Status
	x.s.mu.Unlock()
	for name, value := range a.Header {
		x.w.Header().Set(name, value)
	}
	x.w.WriteHeader(a.Status)
	_, _ = io.WriteString(x.w, a.Body)
}

// Is is an answer in place of doing what the request asks for.
func Is(a Answer) Fault { return func(x *Exchange) { x.answer(a) } }

// Page is an HTML page of a proxy, which contains the request with all its secrets.
func Page(status int) Fault {
	return func(x *Exchange) {
		x.answer(Answer{
			status,
			map[string]string{"Content-Type": "text/html"},
			html.EscapeString(x.r.Host+x.q.Path) + x.q.Header.Get("Authorization"),
		})
	}
}

// Redirect sends the client elsewhere.
func Redirect(location string) Fault {
	return func(x *Exchange) { x.answer(Answer{Status: 307, Header: map[string]string{"Location": location}}) }
}

// Slow does what the request asks for at once, and answers after the delay.
func Slow(delay time.Duration) Fault {
	return func(x *Exchange) {
		a := x.do()
		x.s.Delay(x.r, delay)
		x.answer(a)
	}
}

// Drop does what the request asks for, and cuts the connection instead of answering.
func Drop() Fault {
	return func(x *Exchange) {
		x.do()
		bottest.Cut()
	}
}

// Hang never answers.
func Hang() Fault { return func(x *Exchange) { x.s.Hang(x.r) } }

// Drip does what the request asks for, and answers with a byte a second, without end.
func Drip() Fault {
	return func(x *Exchange) {
		x.do()
		x.s.Drip(x.w, x.r)
	}
}
