// Package telegramtest is a fake of Telegram's Bot API server, for one bot, as strict as the real one and as faulty as
// a test wants it.
//
// It has the methods that a simple bot needs: getMe, getUpdates, setMyCommands, sendMessage, sendPhoto, sendChatAction,
// editMessageText, editMessageMedia, answerCallbackQuery, getChat, getChatMember, getWebhookInfo, deleteWebhook. It
// checks lengths, entities, keyboards and pictures, finds links, mentions and the like in plain text, enforces the
// documented rate limits, and records every request and every message that arrives. See Fault for what can go wrong.
// Where there are official descriptions, a request that does not conform fails the test.
//
// Start listens on 127.0.0.1, for programs in other processes. InMemory uses no socket, so that a whole program can run
// with its server in a testing/synctest bubble. The package knows nothing of any bot.
package telegramtest

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/bottest/official"
)

// Token is the bot's token, with the canary of bottest.
const Token = "7000000001:CANARY-telegram_token-0123456789abc"

// What getMe returns.
const (
	BotID   = 7000000001
	BotName = "friendlyfire_test_bot"
)

// Server is the Bot API of one bot. It is safe for concurrent use.
type Server struct {
	*bottest.Server
	client *http.Client

	tb       testing.TB
	official *official.Description // nil: requests are not checked against it

	mu       sync.Mutex
	requests []Request
	messages []Message
	commands []Command
	chats    map[int64]Chat
	topics   map[[2]int64]bool // chat and topic → it is closed
	webhook  string

	faults map[string][]Fault
	script func(Request) Fault

	held map[int64]time.Time   // chat → when its 429 ends; 0: all chats
	sent map[int64][]time.Time // chat → its posts of the last minute; 0: all chats
	open int                   // connections

	updates []update
	lastID  int64
	lastAt  time.Time
	kinds   []string      // allowed_updates; nil: all
	poller  chan struct{} // closed when another getUpdates begins
	queries map[string]time.Time
}

// Start starts a server on a free port of 127.0.0.1. It is closed when the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return start(tb, bottest.Start(tb))
}

// InMemory starts a server without a socket, which only Client and Dial reach. It is closed when the test ends.
func InMemory(tb testing.TB) *Server {
	tb.Helper()
	return start(tb, bottest.InMemory(8081))
}

func start(tb testing.TB, server *bottest.Server) *Server {
	s := &Server{
		Server: server,
		tb:     tb, official: official.Load(tb, "telegram"),
		chats:   map[int64]Chat{},
		topics:  map[[2]int64]bool{},
		faults:  map[string][]Fault{},
		held:    map[int64]time.Time{},
		sent:    map[int64][]time.Time{},
		queries: map[string]time.Time{},
		lastID:  41_000_000,
		lastAt:  time.Now(),
	}
	s.client = &http.Client{Transport: &http.Transport{DialContext: s.Dial}}
	tb.Cleanup(s.client.CloseIdleConnections)
	s.Serve(tb, &http.Server{Handler: s.Handler(), ConnState: s.count})
	return s
}

// Client reaches the server, and nothing else, whatever the address.
func (s *Server) Client() *http.Client { return s.client }

// Handler is the server without its listener.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Requests returns the requests to the methods, or all of them, oldest first.
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

// Messages returns the messages that have arrived, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Commands returns what setMyCommands last set.
func (s *Server) Commands() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Await waits until ok returns true, and fails the test if that takes longer than within.
func (s *Server) Await(tb testing.TB, within time.Duration, ok func() bool) {
	tb.Helper()
	s.Server.Await(tb, within, ok, func() string {
		return fmt.Sprintf("telegramtest has %d requests, %d messages", len(s.Requests()), len(s.Messages()))
	})
}

// AwaitNobody waits, ten seconds at most, until nobody is connected. After a client was killed, all its requests have
// then been handled.
func (s *Server) AwaitNobody(tb testing.TB) {
	tb.Helper()
	s.Await(tb, 10*time.Second, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.open == 0
	})
}

// count counts the open connections.
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
	s.Notify()
}

// AwaitMessages waits, ten seconds at most, until n messages have arrived, and returns all messages.
func (s *Server) AwaitMessages(tb testing.TB, n int) []Message {
	tb.Helper()
	s.Await(tb, 10*time.Second, func() bool { return len(s.Messages()) >= n })
	return s.Messages()
}
