// Package telegramtest is a Telegram Bot API to test against: one bot's server, in this process, as strict as the
// real one and as unkind as a test wishes.
//
// It speaks what a bot of few words needs: getMe, getUpdates, setMyCommands, sendMessage, sendPhoto, sendChatAction,
// answerCallbackQuery, getChat, getChatMember. It checks lengths, entities, keyboards and pictures, holds the documented
// rate limits, and remembers every request and every message that arrived. Fault says what can go wrong.
//
// Start listens on 127.0.0.1, for programs of their own. InMemory uses no socket, so that a whole program with its
// server fits into a testing/synctest bubble. It knows nothing of any bot.
package telegramtest

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
const Token = "7000000001:CANARY-telegram_token-0123456789abc"

// What getMe says of the bot.
const (
	BotID   = 7000000001
	BotName = "friendlyfire_test_bot"
)

// Server is the Bot API of one bot. It is safe for concurrent use.
type Server struct {
	url    string
	listen net.Listener
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	client *http.Client
	done   chan struct{} // closed: every request under way ends

	mu       sync.Mutex
	changed  chan struct{} // closed and made anew whenever something happens
	requests []Request
	messages []Message
	commands []Command
	chats    map[int64]Chat

	faults map[string][]Fault
	script func(Request) Fault

	held map[int64]time.Time   // chat → no request before; 0: all chats
	sent map[int64][]time.Time // chat → its posts of the last minute; 0: all chats
	open int                   // connections

	updates []update
	lastID  int64
	lastAt  time.Time
	kinds   []string      // allowed_updates; nil: all
	poller  chan struct{} // closed: another getUpdates has begun
	queries map[string]time.Time
}

// Start starts a server on a free port of 127.0.0.1. It is closed when the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return start(tb, listener, (&net.Dialer{}).DialContext)
}

// InMemory starts a server without a socket, reached through Client and Dial only. It is closed when the test ends.
func InMemory(tb testing.TB) *Server {
	tb.Helper()
	p := bottest.NewPipes(8081)
	return start(tb, p, p.Dial)
}

func start(tb testing.TB, listener net.Listener, dial func(context.Context, string, string) (net.Conn, error)) *Server {
	s := &Server{
		url:     "http://" + listener.Addr().String(),
		listen:  listener,
		dial:    dial,
		done:    make(chan struct{}),
		changed: make(chan struct{}),
		chats:   map[int64]Chat{},
		faults:  map[string][]Fault{},
		held:    map[int64]time.Time{},
		sent:    map[int64][]time.Time{},
		queries: map[string]time.Time{},
		lastID:  41_000_000,
		lastAt:  time.Now(),
	}
	s.client = &http.Client{Transport: &http.Transport{DialContext: s.Dial}}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute, ConnState: s.count}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // until Close
	tb.Cleanup(func() {
		close(s.done)
		_ = server.Close()
		serving.Wait()
		s.client.CloseIdleConnections()
	})
	return s
}

// URL is what a bot takes for https://api.telegram.org.
func (s *Server) URL() string { return s.url }

// Client reaches the server, and nothing else, whatever the address.
func (s *Server) Client() *http.Client { return s.client }

// Dial connects to the server, whatever the address.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.dial(ctx, "tcp", s.listen.Addr().String())
}

// Handler is the server without its listener.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Requests returns the requests to the methods, or all, as they came.
func (s *Server) Requests(methods ...string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Request
	for _, q := range s.requests {
		if len(methods) == 0 || slices.Contains(methods, q.Method) {
			found = append(found, q)
		}
	}
	return found
}

// Messages returns what has arrived, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Commands returns what setMyCommands has set last.
func (s *Server) Commands() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
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
			tb.Fatalf("telegramtest: not within %v; %d requests, %d messages", within, len(s.Requests()), len(s.Messages()))
		}
	}
}

// AwaitNobody waits, ten seconds at most, until nobody is connected: of a client that was killed, no request is left that
// has not had its answer.
func (s *Server) AwaitNobody(tb testing.TB) {
	tb.Helper()
	s.Await(tb, 10*time.Second, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.open == 0
	})
}

// count keeps the number of connections.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.open++
	case http.StateClosed, http.StateHijacked:
		s.open--
	case http.StateActive, http.StateIdle:
		return
	}
	s.tell()
}

// AwaitMessages waits, ten seconds at most, until n messages have arrived, and returns all there are.
func (s *Server) AwaitMessages(tb testing.TB, n int) []Message {
	tb.Helper()
	s.Await(tb, 10*time.Second, func() bool { return len(s.Messages()) >= n })
	return s.Messages()
}

// tell wakes all who wait for a change. s.mu is held.
func (s *Server) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}
