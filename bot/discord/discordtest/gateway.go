package discordtest

import (
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// HeartbeatInterval is what the gateway asks for, as Discord does.
const HeartbeatInterval = 41250 * time.Millisecond

// Connection is what a connection to the gateway meets in place of its proper treatment.
type Connection struct {
	Silent       bool          // it never says hello
	Close        int           // it is closed with this code in place of READY and RESUMED
	Invalid      bool          // every session is invalid, and identifying too
	CloseReady   int           // it is closed with this code after READY or RESUMED
	DropReady    bool          // it is cut after READY or RESUMED
	DropAfter    time.Duration // how long after
	ForgetsAll   bool          // no session can be resumed
	NoHeartbeats bool          // none is acknowledged
}

// gateway is the state of all connections.
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

// gatewayConn is one connection. What it is to be sent waits in out, so that nobody waits for the bot to read.
type gatewayConn struct {
	ws     *websocket.Conn
	out    chan any // frame: to send; int: code to close with; nil: to cut
	gone   bool     // out is closed
	meets  Connection
	joined *gatewaySession
}

// ScriptGateway asks choose what each new connection meets; nil ends it. It must not call the server.
func (s *Server) ScriptGateway(choose func() Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.script = choose
}

// Dials returns when connections to the gateway came, refused ones too.
func (s *Server) Dials() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gateway.dials)
}

// Identifies returns when sessions were begun. Discord takes a thousand in 24 hours.
func (s *Server) Identifies() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gateway.identifies)
}

// Resumes returns when sessions were resumed.
func (s *Server) Resumes() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gateway.resumes)
}

// Listening reports whether the bot has a session open.
func (s *Server) Listening() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.gateway.open, func(c *gatewayConn) bool { return c.joined != nil })
}

// AwaitListening waits, ten seconds at most, until the bot has a session open.
func (s *Server) AwaitListening(tb interface {
	Helper()
	Fatalf(string, ...any)
},
) {
	tb.Helper()
	for range 1000 {
		if s.Listening() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatalf("discordtest: the bot does not listen")
}

// CloseGateway closes every connection with the code.
func (s *Server) CloseGateway(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		c.close(code)
	}
}

// AskReconnect asks every connection to come again (op 7).
func (s *Server) AskReconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		c.send(frame{Op: 7})
	}
}

// AskHeartbeat asks every connection for a heartbeat at once (op 1).
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

func (s *Server) gatewayURL() string { return "ws://" + s.listen.Addr().String() + "/gw" }
