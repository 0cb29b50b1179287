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

// connection is one websocket connection to the gateway. The library's gateway client reconnects after close codes that
// forbid it, identifies on its own, and cannot be stopped, so only the library's types are used.
//
// One goroutine reads, one writes.
type connection struct {
	*listener
	ws           *websocket.Conn
	opened       bool // READY or RESUMED was received
	identified   bool
	acked        chan struct{} // a heartbeat was acknowledged
	heartbeatNow chan struct{} // a heartbeat is to be sent at once
	lastSeq      atomic.Int64  // of the last event, for heartbeats
}

// run awaits hello, identifies or resumes, and handles events until an error ends the connection.
func (c *connection) run(ctx context.Context) error {
	hello, err := c.read(callLimit)
	if err != nil {
		return err
	}
	var every struct {
		Interval int `json:"heartbeat_interval"` // ms
	}
	if hello.Op != opHello || json.Unmarshal(hello.Data, &every) != nil ||
		every.Interval < 1000 || every.Interval > 300_000 {
		return errors.New("the gateway does not begin with hello")
	}
	if err := c.startSession(ctx); err != nil {
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
		if err := c.handleFrame(ctx, f); err != nil {
			return err
		}
	}
}

// startSession resumes the session, or identifies, within the budget.
func (c *connection) startSession(ctx context.Context) error {
	if c.session.ID != "" {
		c.lastSeq.Store(c.session.Seq)
		return c.write(opResume, map[string]any{"token": c.token, "session_id": c.session.ID, "seq": c.session.Seq})
	}
	if err := c.spendIdentify(ctx); err != nil {
		return err
	}
	c.identified = true
	intents := discordgo.IntentsNone // interactions need none
	if c.pairing != nil {
		intents = pairingIntents
	}
	return c.write(opIdentify, map[string]any{
		"token":      c.token,
		"intents":    intents,
		"properties": map[string]string{"os": runtime.GOOS, "browser": "friendlyfire", "device": "friendlyfire"},
	})
}

func (c *connection) handleFrame(ctx context.Context, f frame) error {
	switch f.Op {
	case opEvent:
		return c.handleEvent(ctx, f)
	case opHeartbeat:
		signal(c.heartbeatNow)
	case opHeartbeatAck:
		signal(c.acked)
	case opReconnect:
		return errors.New("the gateway asks for a new connection")
	case opInvalidSession:
		var resumable bool
		if json.Unmarshal(f.Data, &resumable) != nil || !resumable {
			c.dropSession(ctx)
		}
		return errors.New("the gateway knows no such session")
	}
	return nil
}

// handleEvent handles one event. Its sequence number is stored before it is acted upon, so that a resumed session
// repeats none.
func (c *connection) handleEvent(ctx context.Context, f frame) error {
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
			c.pairing.onReady(f.Data)
		}
		c.onReady(ctx)
	case "RESUMED":
		c.opened = true
		c.onReady(ctx)
	case "MESSAGE_CREATE":
		if c.pairing != nil {
			c.pairing.onMessage(f.Data)
		}
	}
	c.saveSession(ctx)
	if f.Type == "INTERACTION_CREATE" {
		c.handleInteraction(ctx, f.Data)
	}
	return nil
}

// heartbeats writes a heartbeat every interval, the first after a random part of it, until done. It closes the
// connection if the last one was not acknowledged, since the connection is then dead.
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
		case <-c.heartbeatNow: // the gateway asked for it, and need not have acknowledged the last one
		case <-next.C:
			if waiting {
				c.ws.Close()
				return
			}
			waiting = true
			next.Reset(interval)
		}
		if err := c.write(opHeartbeat, c.lastSeq.Load()); err != nil {
			c.ws.Close()
			return
		}
	}
}
