// Package whoistest stands in for the whois servers of the world, for tests that want no network.
//
// A Server answers over connections in memory (Dial), each host in its own voice, or on a port of 127.0.0.1 (Listen)
// as a mirror would. It writes down every question and keeps registries' limits in mind.
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

// Question is a line that was sent to a server.
type Question struct {
	Host string // the server meant; "" for one asked through Listen
	Text string // without its line end
	At   time.Time
}

// Address is the address in the question, without the flags around it.
func (q Question) Address() string {
	word := q.Text[strings.LastIndexByte(q.Text, ' ')+1:]
	return strings.TrimSuffix(word, "/e")
}

// Handler answers one question. The connection is closed after it.
type Handler func(c net.Conn, q Question)

// Text is a Handler that says what reply returns.
func Text(reply func(q Question) string) Handler {
	return func(c net.Conn, q Question) { _, _ = c.Write([]byte(reply(q))) }
}

// Server is a fake of whois servers. The zero Server knows no host: its connections are refused.
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

// Handle lets h answer for host; "" answers for Listen and for every host without a handler of its own.
func (s *Server) Handle(host string, h Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers == nil {
		s.handlers = map[string]Handler{}
	}
	s.handlers[host] = h
}

// Limit lets host refuse every question beyond n within any time of per.
func (s *Server) Limit(host string, n int, per time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits == nil {
		s.limits = map[string]limit{}
	}
	s.limits[host] = limit{n, per}
}

// Questions are all that were asked so far, of any host, in order.
func (s *Server) Questions() []Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.questions)
}

// Dialed are the addresses that connections were asked for, in order.
func (s *Server) Dialed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dialed)
}

// Refused counts the questions beyond a limit.
func (s *Server) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Most is how many connections host ever had at once.
func (s *Server) Most(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most[host]
}

// Dial connects, in memory, to whatever host is meant. It is fit for testing/synctest.
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
