// Package mailtest is a mail server for tests: it takes mail as RFC 5321 says, over TLS as RFC 3207 or RFC 8314 say,
// from those who log in, and keeps it. Its faults are those of real servers.
package mailtest

import (
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
)

// Who may log in, and who gets mail.
const (
	Host     = "mail.example.org"
	From     = "alerts@example.org"
	Admin    = "admin@example.org"
	Second   = "second@example.net"
	User     = From
	Password = bottest.Canary + " pass=word\\é,1"
)

// Server takes mail. Set the fields before a client connects. It is safe for concurrent use.
type Server struct {
	*bottest.Server

	Implicit bool        // TLS from the first byte on
	Bare     bool        // no TLS at all
	Open     bool        // nobody need log in
	TLS      *tls.Config // nil: a certificate for Host and 127.0.0.1, which Roots trust
	Ways     []string    // to log in: PLAIN, LOGIN, SCRAM-SHA-1, SCRAM-SHA-256; nil: the first two
	Size     int         // the largest mail, in bytes; 0: not said

	mu       sync.Mutex
	script   func(Step) Fault
	steps    []Step
	mails    []Mail
	sessions int
}

// Step is a command that the server is about to answer; the greeting is "", and the end of the message is ".".
type Step struct {
	Session int // the number of the connection, from 1
	Verb    string
	Line    string // of the client
	To      string // the recipient, once he is named
	Body    string // at "."
	Secure  bool   // over TLS
	Time    time.Time
}

// Start returns a server on a free port of 127.0.0.1, changed before it serves anybody.
func Start(tb testing.TB, changes ...func(*Server)) *Server {
	tb.Helper()
	return serve(tb, bottest.Start(tb), changes)
}

// InMemory is Start of a server without a socket, which only Dial reaches.
func InMemory(tb testing.TB, changes ...func(*Server)) *Server {
	tb.Helper()
	return serve(tb, bottest.InMemory(587), changes)
}

func serve(tb testing.TB, listening *bottest.Server, changes []func(*Server)) *Server {
	tb.Helper()
	s := &Server{Server: listening}
	for _, change := range changes {
		change(s)
	}
	s.ServeConns(tb, s.serve)
	return s
}

// Script decides what goes wrong: f returns the fault of a step; nil: none. It is called for one step after the other.
func (s *Server) Script(f func(Step) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = f
}

// Mails are all mails that the server has taken, in their order, repeats too.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Steps are all steps with that verb; "*" is all.
func (s *Server) Steps(verb string) (all []Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, step := range s.steps {
		if verb == "*" || step.Verb == verb {
			all = append(all, step)
		}
	}
	return all
}

// Sessions is how many connections there were.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// fault notes a step, and returns its fault.
func (s *Server) fault(step Step) Fault {
	step.Time = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, step)
	if s.script == nil {
		return nil
	}
	return s.script(step)
}

// keep takes a mail.
func (s *Server) keep(m Mail) {
	s.mu.Lock()
	s.mails = append(s.mails, m)
	s.mu.Unlock()
	s.Notify()
}

// AwaitMails waits until the server has taken so many mails.
func (s *Server) AwaitMails(tb testing.TB, n int) []Mail {
	tb.Helper()
	s.Await(tb, 30*time.Second, func() bool { return len(s.Mails()) >= n }, func() string {
		return "too few mails"
	})
	return s.Mails()
}

// secure returns the connection over TLS.
func (s *Server) secure(conn net.Conn) *tls.Conn {
	config := s.TLS
	if config == nil {
		config = &tls.Config{Certificates: []tls.Certificate{certificate().pair}} //nolint:gosec // the client decides
	}
	return tls.Server(conn, config)
}
