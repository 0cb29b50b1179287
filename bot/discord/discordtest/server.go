// Package discordtest is a Discord to test against: one bot's REST and gateway, in this process, as strict as the
// real ones and as unkind as a test wishes.
//
// It speaks version 9 of what a bot of few words needs: the bot's user, channels and permissions, messages, slash
// commands, interactions, the gateway. It checks lengths, nonces, mentions, components and files, holds the rate
// limits and the deadlines, and remembers every request, every message that arrived and every connection. Fault says
// what can go wrong with a request, Script what can go wrong with a connection.
//
// Start listens on 127.0.0.1, for programs of their own. InMemory uses no socket, so that a whole program with its
// server fits into a testing/synctest bubble. It knows nothing of any bot.
package discordtest

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
)

// Token is the bot's token. It is a canary: wherever it turns up outside a request, something leaks.
const Token = "MTAwMDAwMDAwMDAwMDAwMDAwMQ.CANARY.discord-CANARY_token-0123456789abcdef"

// Ids and names of a small world: the bot, a server with two channels, its administrator, and somebody else.
const (
	BotID    = "100000000000000001"
	BotName  = "friendlyfire-test"
	AppID    = "100000000000000002"
	Guild    = "200000000000000001"
	Channel  = "300000000000000001"
	Channel2 = "300000000000000002"
	User     = "400000000000000001"
	Stranger = "400000000000000002"
)

// Server is the Discord of one bot. It is safe for concurrent use.
type Server struct {
	// Limit is how many requests a route takes in a Window; GlobalLimit how many the bot makes in a second. They
	// are set before the first request.
	Limit       int
	Window      time.Duration
	GlobalLimit int

	listen net.Listener
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	done   chan struct{} // closed: every request and connection ends

	mu       sync.Mutex
	changed  chan struct{} // closed and made anew whenever something happens
	lastID   int64
	requests []Request
	messages []Message
	mentions int
	channels map[string]*channel
	left     bool // Guild
	commands []Command
	creates  int

	rules  []*rule
	script func(Request) Fault

	buckets map[string]*bucket
	global  []time.Time          // requests of the last second
	held    map[string]time.Time // route → no request before; "": all
	nonces  map[string]nonce
	gateway gateway

	interactions map[string]*Interaction // by token
}

// Start starts a server on a free port of 127.0.0.1. It is closed when the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return start(tb, listener, (&net.Dialer{}).DialContext)
}

// InMemory starts a server without a socket, reached through Dial only. It is closed when the test ends.
func InMemory(tb testing.TB) *Server {
	tb.Helper()
	p := bottest.NewPipes(8082)
	return start(tb, p, p.Dial)
}

func start(tb testing.TB, listener net.Listener, dial func(context.Context, string, string) (net.Conn, error)) *Server {
	s := &Server{
		Limit: 5, Window: 2 * time.Second, GlobalLimit: 50,
		listen: listener, dial: dial, done: make(chan struct{}), changed: make(chan struct{}),
		lastID: 500_000_000_000_000_000, channels: map[string]*channel{},
		buckets: map[string]*bucket{}, held: map[string]time.Time{}, nonces: map[string]nonce{},
		interactions: map[string]*Interaction{},
	}
	s.gateway = gateway{sessions: map[string]*gatewaySession{}}
	s.AddChannel(Channel, "alerts")
	s.AddChannel(Channel2, "reports")
	server := &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // until Close
	tb.Cleanup(func() {
		close(s.done)
		_ = server.Close()
		s.dropConnections()
		serving.Wait()
	})
	return s
}

// URL is what a bot takes for https://discord.com.
func (s *Server) URL() string { return "http://" + s.listen.Addr().String() }

// Dial connects to the server, whatever the address.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.dial(ctx, "tcp", s.listen.Addr().String())
}

// Await waits until ok holds, and fails the test when it does not within the time.
func (s *Server) Await(tb testing.TB, within time.Duration, ok func() bool) {
	tb.Helper()
	deadline := time.After(within)
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			tb.Fatalf("discordtest: not within %v; %d requests, %d messages, %d identifies",
				within, len(s.Requests("")), len(s.Messages()), len(s.Identifies()))
		}
	}
}

// AwaitMessages waits, ten seconds at most, until n messages have arrived, and returns all there are.
func (s *Server) AwaitMessages(tb testing.TB, n int) []Message {
	tb.Helper()
	s.Await(tb, 10*time.Second, func() bool { return len(s.Messages()) >= n })
	return s.Messages()
}

// Messages returns what has arrived in channels, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Mentions counts messages that would have called somebody: @everyone, @here, a user or a role in the text, and
// nothing in allowed_mentions against it.
func (s *Server) Mentions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mentions
}

// tell wakes all who wait for a change. s.mu is held.
func (s *Server) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// sleep waits for the time, 0 for ever, and reports false when the client or the server is gone.
func (s *Server) sleep(ctx context.Context, wait time.Duration) bool {
	var over <-chan time.Time
	if wait > 0 {
		over = time.After(wait)
	}
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	case <-s.done:
		return false
	}
}
