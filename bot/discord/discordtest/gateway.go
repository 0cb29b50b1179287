package discordtest

import (
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// HeartbeatInterval is the interval that the gateway asks for, the same as Discord's.
const HeartbeatInterval = 41250 * time.Millisecond

// Connection is how the gateway mishandles a connection.
type Connection struct {
	Silent       bool          // it sends no hello
	Close        int           // it closes with this code instead of sending READY or RESUMED
	Invalid      bool          // it answers identify and resume with an invalid session
	CloseReady   int           // it closes with this code after READY or RESUMED
	DropReady    bool          // it cuts the connection after READY or RESUMED
	DropAfter    time.Duration // how long after
	ForgetsAll   bool          // it lets no session be resumed
	NoHeartbeats bool          // it acknowledges no heartbeat
}

// gateway is the state of all sessions and connections.
type gateway struct {
	script     func() Connection
	sessions   map[string]*gatewaySession
	open       []*gatewayConn
	dials      []time.Time
	identifies []time.Time
	resumes    []time.Time
}

// gatewaySession outlives its connection.
type gatewaySession struct {
	id      string
	intents int
	events  []frame
	conn    *gatewayConn // nil: none
}

type frame struct {
	Op   int    `json:"op"`
	Seq  int    `json:"s,omitempty"`
	Type string `json:"t,omitempty"`
	Data any    `json:"d"`
}

// gatewayConn is one connection. What is to be sent goes through out, so that nobody waits for the bot to read.
type gatewayConn struct {
	ws      *websocket.Conn
	out     chan any // a frame to send; an int, the code to close with; nil, to cut
	gone    bool     // out is closed
	faults  Connection
	session *gatewaySession // nil: none yet
}

// ScriptGateway makes choose return the faults of each new connection. It must not call the server. A nil choose ends
// the script.
func (s *Server) ScriptGateway(choose func() Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.script = choose
}

// Dials returns the times of the connections to the gateway.
func (s *Server) Dials() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gateway.dials)
}

// Identifies returns the times of the identifies. Discord accepts a thousand in 24 hours.
func (s *Server) Identifies() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gateway.identifies)
}

// Resumes returns the times at which the bot tried to resume a session.
func (s *Server) Resumes() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gateway.resumes)
}

// Listening reports whether the bot has an open session.
func (s *Server) Listening() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.gateway.open, func(c *gatewayConn) bool { return c.session != nil })
}

// AwaitListening waits, ten seconds at most, until the bot has an open session.
func (s *Server) AwaitListening(tb testing.TB) {
	tb.Helper()
	s.Await(tb, 10*time.Second, s.Listening)
}

// CloseGateway closes every connection with the code.
func (s *Server) CloseGateway(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		c.close(code)
	}
}

// AskReconnect asks the bot to reconnect every connection (op 7).
func (s *Server) AskReconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		c.send(frame{Op: 7})
	}
}

// AskHeartbeat asks for a heartbeat at once on every connection (op 1).
func (s *Server) AskHeartbeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		c.send(frame{Op: 1})
	}
}

// DropGateway cuts every connection. Their sessions can be resumed.
func (s *Server) DropGateway() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		c.cut()
	}
}

// ForgetSessions drops all sessions, so that none can be resumed.
func (s *Server) ForgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.gateway.sessions)
}

func (s *Server) dropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		_ = c.ws.Close()
	}
}

func (s *Server) gatewayURL() string { return "ws://" + s.Addr() + "/gw" }
