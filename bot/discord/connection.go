package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// connection is one websocket to the gateway, from dial to close. The library's own reconnects after codes that
// forbid it, identifies unasked, and cannot be stopped: so its types are used, and not its gateway.
//
// One goroutine reads, one writes.
type connection struct {
	*listener
	ws         *websocket.Conn
	opened     bool // READY or RESUMED has come
	identified bool
	acked      chan struct{} // a heartbeat was acknowledged
	beat       chan struct{} // asks for a heartbeat at once
	beatSeq    atomic.Int64  // of the last event: a heartbeat tells it
}

// run says hello, identifies or resumes, and handles events until something ends it.
func (c *connection) run(ctx context.Context) error {
	hello, err := c.read(callLimit)
	if err != nil {
		return err
	}
	var every struct {
		Interval int `json:"heartbeat_interval"` // ms
	}
	if hello.Op != opHello || json.Unmarshal(hello.Data, &every) != nil || every.Interval < 1000 || every.Interval > 300_000 {
		return errors.New("the gateway does not begin with hello")
	}
	if err := c.begin(ctx); err != nil {
		return err
	}
	interval := time.Duration(every.Interval) * time.Millisecond
	done := make(chan struct{})
	defer close(done)
	c.running.Go(func() { c.heartbeats(interval, done) })
	for {
		limit := callLimit // for READY
		if c.opened {
			limit = 2*interval + callLimit
		}
		f, err := c.read(limit)
		if err != nil {
			return err
		}
		if err := c.handle(ctx, f); err != nil {
			return err
		}
	}
}

// begin resumes the session, or identifies, within the budget.
func (c *connection) begin(ctx context.Context) error {
	if c.session.ID != "" {
		c.beatSeq.Store(c.session.Seq)
		return c.write(opResume, map[string]any{"token": c.token, "session_id": c.session.ID, "seq": c.session.Seq})
	}
	if err := c.spendIdentify(ctx); err != nil {
		return err
	}
	c.identified = true
	intents := discordgo.IntentsNone // interactions come without any
	if c.pairing != nil {
		intents = pairingIntents
	}
	return c.write(opIdentify, map[string]any{
		"token":      c.token,
		"intents":    intents,
		"properties": map[string]string{"os": runtime.GOOS, "browser": "friendlyfire", "device": "friendlyfire"},
	})
}

func (c *connection) handle(ctx context.Context, f frame) error {
	switch f.Op {
	case opEvent:
		return c.event(ctx, f)
	case opHeartbeat:
		signal(c.beat)
	case opHeartbeatAck:
		signal(c.acked)
	case opReconnect:
		return errors.New("the gateway asks for a new connection")
	case opInvalidSession:
		var resumable bool
		if json.Unmarshal(f.Data, &resumable) != nil || !resumable {
			c.forget(ctx)
		}
		return errors.New("the gateway knows no such session")
	}
	return nil
}

// event handles what the gateway has to tell. How far events are read is kept before they are acted upon: a resumed
// session repeats none.
func (c *connection) event(ctx context.Context, f frame) error {
	c.session.Seq = f.Seq
	switch f.Type {
	case "READY":
		var ready struct {
			Session     string                `json:"session_id"`
			URL         string                `json:"resume_gateway_url"`
			Application discordgo.Application `json:"application"`
		}
		if err := json.Unmarshal(f.Data, &ready); err != nil {
			return fmt.Errorf("READY: %w", err)
		}
		c.session = session{ID: ready.Session, URL: ready.URL, App: ready.Application.ID, Seq: f.Seq}
		c.opened = true
		if c.pairing != nil {
			c.pairing.begin(f.Data)
		}
		c.ready(ctx)
	case "RESUMED":
		c.opened = true
		c.ready(ctx)
	case "MESSAGE_CREATE":
		if c.pairing != nil {
			c.pairing.message(f.Data)
		}
	}
	c.keep(ctx)
	if f.Type == "INTERACTION_CREATE" {
		c.interaction(ctx, f.Data)
	}
	return nil
}

// heartbeats writes one every interval, the first at a random part of it, until done. It closes the connection when
// the last has not been acknowledged: it is dead, whatever it looks like.
func (c *connection) heartbeats(interval time.Duration, done <-chan struct{}) {
	next := time.NewTimer(rand.N(interval))
	defer next.Stop()
	waiting := false
	for {
		select {
		case <-done:
			return
		case <-c.acked:
			waiting = false
			continue
		case <-c.beat: // asked for: not a sign of death
		case <-next.C:
			if waiting {
				c.ws.Close()
				return
			}
			waiting = true
			next.Reset(interval)
		}
		if err := c.write(opHeartbeat, c.beatSeq.Load()); err != nil {
			c.ws.Close()
			return
		}
	}
}
