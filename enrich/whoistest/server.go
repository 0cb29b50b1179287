// Package whoistest fakes whois servers, for tests without a network.
//
// A Server answers for any number of hosts over connections in memory (Dial), or on a port of 127.0.0.1 (Listen) as a
// mirror would. It records every query and can enforce rate limits.
package whoistest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Question is a query that was sent to a server.
type Question struct {
	Host string // of the server; "" for one that came through Listen
	Text string // without the line ending
	At   time.Time
}

// Address returns the address in the query, without the flags around it.
func (q Question) Address() string {
	word := q.Text[strings.LastIndexByte(q.Text, ' ')+1:]
	return strings.TrimSuffix(word, "/e")
}

// Handler answers one query. The connection is closed afterwards.
type Handler func(c net.Conn, q Question)

// Text returns a Handler that sends what reply returns.
func Text(reply func(q Question) string) Handler {
	return func(c net.Conn, q Question) { _, _ = c.Write([]byte(reply(q))) }
}

// Server fakes whois servers. The zero Server knows no host and refuses connections.
type Server struct {
	mu        sync.Mutex
	handlers  map[string]Handler
	limits    map[string]limit
	questions []Question
	dialed    []string
	refused   int
	open      map[string]int
	most      map[string]int
}

type limit struct {
	n   int
	per time.Duration
}

// Handle registers the handler of a host; that of "" answers for Listen and for every host without its own.
func (s *Server) Handle(host string, h Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers == nil {
		s.handlers = map[string]Handler{}
	}
	s.handlers[host] = h
}

// Limit makes a host refuse every query beyond n within any period of per.
func (s *Server) Limit(host string, n int, per time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits == nil {
		s.limits = map[string]limit{}
	}
	s.limits[host] = limit{n, per}
}

// Questions returns all queries so far, to any host, in order.
func (s *Server) Questions() []Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.questions)
}

// Dialed returns the addresses that were dialed, in order.
func (s *Server) Dialed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dialed)
}

// Refused returns how many queries were refused because of a limit.
func (s *Server) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Most returns the highest number of connections that host had at the same time.
func (s *Server) Most(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most[host]
}

// Dial connects to any host, in memory. It works with testing/synctest.
func (s *Server) Dial(_ context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.dialed = append(s.dialed, address)
	known := s.handlers[host] != nil || s.handlers[""] != nil
	s.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("dial %s: connection refused", address)
	}
	near, far := net.Pipe()
	go s.serve(far, host)
	return near, nil
}

// Listen serves on a port of 127.0.0.1 until the test ends, and returns its host:port.
func (s *Server) Listen(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { _ = c.Close() })
			all.Go(func() {
				defer stop()
				s.serve(c, "")
			})
		}
	})
	return l.Addr().String()
}

func (s *Server) serve(c net.Conn, host string) {
	defer c.Close()
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return
	}
	q := Question{Host: host, Text: strings.TrimRight(line, "\r\n"), At: time.Now()}
	handler, ok := s.enter(q)
	defer s.leave(host)
	switch {
	case !ok:
		_, _ = c.Write([]byte(Refusal))
	case handler != nil:
		handler(c, q)
	}
}

func (s *Server) enter(q Question) (Handler, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open, s.most = map[string]int{}, map[string]int{}
	}
	s.open[q.Host]++
	s.most[q.Host] = max(s.most[q.Host], s.open[q.Host])
	within := 0
	if l, ok := s.limits[q.Host]; ok {
		for _, earlier := range slices.Backward(s.questions) {
			if q.At.Sub(earlier.At) >= l.per {
				break
			}
			if earlier.Host == q.Host {
				within++
			}
		}
		if within >= l.n {
			s.questions = append(s.questions, q)
			s.refused++
			return nil, false
		}
	}
	s.questions = append(s.questions, q)
	h, ok := s.handlers[q.Host]
	if !ok {
		h = s.handlers[""]
	}
	return h, true
}

func (s *Server) leave(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[host]--
}
