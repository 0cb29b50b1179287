package discordtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"friendlyfire/bot/bottest/official"
)

func (s *Server) serveGateway(w http.ResponseWriter, r *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	c := &gatewayConn{ws: ws, out: make(chan any, 256)}
	var writing sync.WaitGroup
	writing.Go(c.write)
	defer writing.Wait()
	s.mu.Lock()
	if s.gateway.script != nil {
		c.faults = s.gateway.script()
	}
	s.gateway.dials = append(s.gateway.dials, time.Now())
	s.gateway.open = append(s.gateway.open, c)
	if !c.faults.Silent {
		c.send(frame{Op: 10, Data: map[string]any{"heartbeat_interval": HeartbeatInterval.Milliseconds()}})
	}
	s.Notify()
	s.mu.Unlock()
	for {
		var in struct {
			Op   int             `json:"op"`
			Data json.RawMessage `json:"d"`
		}
		if ws.SetReadDeadline(time.Now().Add(2*HeartbeatInterval)) != nil || ws.ReadJSON(&in) != nil {
			break
		}
		if wrong := official.CheckFrame(in.Op, in.Data); s.official != nil && wrong != nil {
			s.tb.Errorf("discordtest: not as the gateway is described: %v", wrong)
		}
		s.mu.Lock()
		s.handleMessage(c, in.Op, in.Data)
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.open = slices.DeleteFunc(s.gateway.open, func(o *gatewayConn) bool { return o == c })
	if c.session != nil && c.session.conn == c {
		c.session.conn = nil
	}
	c.gone = true
	close(c.out)
	s.Notify()
}

// handleMessage handles one message of the bot.
func (s *Server) handleMessage(c *gatewayConn, op int, data json.RawMessage) {
	switch op {
	case 1:
		if !c.faults.NoHeartbeats {
			c.send(frame{Op: 11})
		}
	case 2:
		s.identify(c, data)
	case 6:
		s.resume(c, data)
	default:
		c.close(4001)
	}
	s.Notify()
}

func (s *Server) identify(c *gatewayConn, data json.RawMessage) {
	var d struct {
		Token      string            `json:"token"`
		Intents    *int              `json:"intents"`
		Properties map[string]string `json:"properties"`
	}
	now, before := time.Now(), s.gateway.identifies
	s.gateway.identifies = append(s.gateway.identifies, now)
	switch {
	case c.session != nil:
		c.close(4005)
	case json.Unmarshal(data, &d) != nil || d.Properties == nil || d.Intents == nil:
		c.close(4002)
	case d.Token != Token:
		c.close(4004)
	case *d.Intents&privileged != 0:
		c.close(4014)
	case c.faults.Close != 0:
		c.close(c.faults.Close)
	case c.faults.Invalid || len(before) > 0 && now.Sub(before[len(before)-1]) < 5*time.Second:
		c.send(frame{Op: 9, Data: false})
	default:
		session := &gatewaySession{id: "session-" + s.newID(), intents: *d.Intents, conn: c}
		s.gateway.sessions[session.id] = session
		c.session = session
		s.dispatchTo(session, "READY", map[string]any{
			"v": 9, "user": s.botUser(), "session_id": session.id, "resume_gateway_url": s.gatewayURL(),
			"application": map[string]any{"id": AppID, "flags": 0},
			"guilds":      s.guilds(),
		})
		s.afterReady(c)
	}
}

func (s *Server) resume(c *gatewayConn, data json.RawMessage) {
	var d struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int    `json:"seq"`
	}
	s.gateway.resumes = append(s.gateway.resumes, time.Now())
	if json.Unmarshal(data, &d) != nil {
		c.close(4002)
		return
	}
	session := s.gateway.sessions[d.Session]
	switch {
	case d.Token != Token:
		c.close(4004)
	case c.faults.Close != 0:
		c.close(c.faults.Close)
	case c.faults.Invalid || c.faults.ForgetsAll || session == nil:
		c.send(frame{Op: 9, Data: false})
	case d.Seq > len(session.events):
		c.close(4007)
	default:
		session.conn, c.session = c, session
		for _, missed := range session.events[d.Seq:] {
			c.send(missed)
		}
		s.dispatchTo(session, "RESUMED", map[string]any{})
		s.afterReady(c)
	}
}

func (s *Server) afterReady(c *gatewayConn) {
	switch {
	case c.faults.CloseReady != 0:
		c.close(c.faults.CloseReady)
	case c.faults.DropReady && c.faults.DropAfter > 0:
		time.AfterFunc(c.faults.DropAfter, func() { _ = c.ws.Close() })
	case c.faults.DropReady:
		c.cut()
	}
}

// Dispatch sends an event of this kind, such as "INTERACTION_CREATE", to the sessions that are open.
func (s *Server) Dispatch(kind string, data any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dispatch(kind, data)
}

// Feed sends a frame that is no event on every connection.
func (s *Server) Feed(op int, data any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.open {
		c.send(frame{Op: op, Data: data})
	}
}

// dispatch sends an event to the sessions that are open.
func (s *Server) dispatch(kind string, data any) {
	for _, session := range s.gateway.sessions {
		if session.conn != nil {
			s.dispatchTo(session, kind, data)
		}
	}
}

func (s *Server) dispatchTo(session *gatewaySession, kind string, data any) {
	f := frame{Seq: len(session.events) + 1, Type: kind, Data: data}
	session.events = append(session.events, f)
	session.conn.send(f)
}

func (c *gatewayConn) send(f frame)   { c.enqueue(f) }
func (c *gatewayConn) close(code int) { c.enqueue(code) }
func (c *gatewayConn) cut()           { c.enqueue(nil) }

// enqueue queues what is to be sent. Server.mu is held.
func (c *gatewayConn) enqueue(what any) {
	if c.gone {
		return
	}
	select {
	case c.out <- what:
	default: // the bot stopped reading long ago
	}
}

// write sends what is in out, in order, until out is closed.
func (c *gatewayConn) write() {
	for what := range c.out {
		soon := time.Now().Add(time.Second)
		switch what := what.(type) {
		case frame:
			_ = c.ws.SetWriteDeadline(soon)
			_ = c.ws.WriteJSON(what) // the reader notices if the connection is gone
		case int:
			_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(what, "scripted"), soon)
			_ = c.ws.Close()
		default:
			_ = c.ws.Close()
		}
	}
}
