// Package discordtest is a fake of Discord's REST API and gateway, for one bot, as strict as the real ones and as
// faulty as a test wants them.
//
// It has what a simple bot needs of version 9: the bot's user, channels and permissions, messages, slash commands,
// interactions, the gateway. It checks lengths, nonces, mentions, components and files, enforces the rate limits and
// the deadlines, and records every request, every message that arrives and every connection. See Fault for what can go
// wrong with a request, and Connection for what can go wrong with a connection to the gateway. Where there are official
// descriptions, a request that does not conform fails the test.
//
// Start listens on 127.0.0.1, for programs in other processes. InMemory uses no socket, so that a whole program can run
// with its server in a testing/synctest bubble. The package knows nothing of any bot.
package discordtest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/bottest/official"
)

// Token is the bot's token, with the canary of bottest.
const Token = "MTAwMDAwMDAwMDAwMDAwMDAwMQ.CANARY.discord-CANARY_token-0123456789abcdef"

// Ids and names: the bot, a server with two channels, its administrator, and somebody else.
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
	*bottest.Server

	// Limit is how many requests a route accepts in a Window, and GlobalLimit how many the bot may make in a second.
	// They may be changed before the first request.
	Limit       int
	Window      time.Duration
	GlobalLimit int

	tb       testing.TB
	official *official.Description // nil: requests are not checked against it

	mu       sync.Mutex
	lastID   int64
	requests []Request
	messages []Message
	mentions int
	channels map[string]*Place
	standing Standing
	left     bool // the bot has left Guild
	commands []Command
	creates  int

	rules  []*rule
	script func(Request) Fault

	buckets map[string]*bucket
	global  []time.Time          // requests of the last second
	held    map[string]time.Time // route → when its 429 ends; "": all routes
	nonces  map[string]nonce
	gateway gateway

	interactions map[string]*Interaction // by token
}

// Start starts a server on a free port of 127.0.0.1. It is closed when the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return start(tb, bottest.Start(tb))
}

// InMemory starts a server without a socket, which only Dial reaches. It is closed when the test ends.
func InMemory(tb testing.TB) *Server {
	tb.Helper()
	return start(tb, bottest.InMemory(8082))
}

func start(tb testing.TB, server *bottest.Server) *Server {
	s := &Server{
		Server: server, tb: tb, official: official.Load(tb, "discord"), Limit: 5, Window: 2 * time.Second, GlobalLimit: 50,
		lastID: 500_000_000_000_000_000, channels: map[string]*Place{},
		buckets: map[string]*bucket{}, held: map[string]time.Time{}, nonces: map[string]nonce{},
		interactions: map[string]*Interaction{},
	}
	s.gateway = gateway{sessions: map[string]*gatewaySession{}}
	s.standing.Everyone = ViewChannel | SendMessages | SendMessagesInThreads | AttachFiles | ReadMessageHistory | Connect
	s.AddChannel(Channel, "alerts")
	s.AddChannel(Channel2, "reports")
	tb.Cleanup(s.dropConnections) // once none can be opened any more
	s.Serve(tb, &http.Server{Handler: http.HandlerFunc(s.serve)})
	return s
}

// Await waits until ok returns true, and fails the test if that takes longer than within.
func (s *Server) Await(tb testing.TB, within time.Duration, ok func() bool) {
	tb.Helper()
	s.Server.Await(tb, within, ok, func() string {
		return fmt.Sprintf("discordtest has %d requests, %d messages, %d identifies",
			len(s.Requests("")), len(s.Messages()), len(s.Identifies()))
	})
}

// AwaitMessages waits, ten seconds at most, until n messages have arrived, and returns all messages.
func (s *Server) AwaitMessages(tb testing.TB, n int) []Message {
	tb.Helper()
	s.Await(tb, 10*time.Second, func() bool { return len(s.Messages()) >= n })
	return s.Messages()
}

// Messages returns the messages that have arrived in channels, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Mentions counts the messages that would have notified somebody: with @everyone, @here, a user or a role in their
// text, and allowed by allowed_mentions.
func (s *Server) Mentions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mentions
}
