package bottest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Server is what every fake server does: listen, end its requests when it closes, and wake those who wait for a
// change. It is safe for concurrent use.
type Server struct {
	listener net.Listener
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	closing  chan struct{} // closed when the server closes

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
}

// Start returns a server on a free port of 127.0.0.1.
func Start(tb testing.TB) *Server {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return newServer(listener, (&net.Dialer{}).DialContext)
}

// InMemory returns a server without a socket, which only Dial reaches. Its URL has the port.
func InMemory(port int) *Server {
	p := NewPipes(port)
	return newServer(p, p.Dial)
}

func newServer(
	listener net.Listener, dial func(ctx context.Context, network, address string) (net.Conn, error),
) *Server {
	return &Server{listener: listener, dial: dial, closing: make(chan struct{}), changed: make(chan struct{})}
}

// Serve serves until the test ends, and then ends all requests.
func (s *Server) Serve(tb testing.TB, server *http.Server) {
	server.ReadHeaderTimeout = time.Minute
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(s.listener) }) // until Close
	tb.Cleanup(func() {
		close(s.closing)
		_ = server.Close()
		serving.Wait()
	})
}

// URL is the base URL of the platform's API, for a bot.
func (s *Server) URL() string { return "http://" + s.Addr() }

// Addr is the host and the port of the server.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Dial connects to the server, whatever the address.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.dial(ctx, "tcp", s.Addr())
}

// Closing returns a channel that is closed when the server closes.
func (s *Server) Closing() <-chan struct{} { return s.closing }

// Changed returns a channel that the next Notify closes.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Notify wakes all who wait for a change.
func (s *Server) Notify() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Await waits until ok returns true, and checks it at every change. It fails the test after the given time, with the
// state.
func (s *Server) Await(tb testing.TB, within time.Duration, ok func() bool, state func() string) {
	tb.Helper()
	deadline := time.After(within)
	for {
		changed := s.Changed()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			tb.Fatalf("not within %v: %s", within, state())
		}
	}
}

// Sleep waits for d, and reports false if the client or the server is gone before.
func (s *Server) Sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	case <-s.closing:
		return false
	}
}

// ServeConns serves connections of a protocol that is not HTTP until the test ends, and then closes them.
func (s *Server) ServeConns(tb testing.TB, serve func(net.Conn)) {
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return // closed
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			serving.Go(func() {
				serve(conn)
				_ = conn.Close()
				mu.Lock()
				defer mu.Unlock()
				delete(open, conn)
			})
		}
	})
	tb.Cleanup(func() {
		close(s.closing)
		_ = s.listener.Close()
		mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
}
