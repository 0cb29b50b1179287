package discord

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Backoff between connections, which is longer when each of them costs an identify.
const (
	minBackoff         = time.Second
	maxBackoff         = time.Minute
	maxIdentifyBackoff = 15 * time.Minute
)

// answersAtOnce is how many commands are answered at the same time. Further ones are dropped.
const answersAtOnce = 16

// Listen answers commands until ctx ends, whatever goes wrong meanwhile, and then returns nil. None of its goroutines
// outlives it, provided that Answer returns when its context ends.
//
// If the gateway closes a connection because the token or the settings are wrong, Listen logs that and does not connect
// again. Without a guild it does not connect at all.
func (c *Client) Listen(ctx context.Context) error {
	defer c.http.CloseIdleConnections()
	if c.Guild == "" {
		c.Logger(platform).Info("no commands: discord.guild is not set")
		<-ctx.Done()
		return nil
	}
	l := &listener{
		Client: c, log: c.Logger(platform), slots: make(chan struct{}, answersAtOnce),
		faults: msg.Throttle{Every: time.Hour}, ignored: msg.Throttle{Every: time.Minute},
	}
	defer l.running.Wait()
	l.supervise(ctx)
	return nil
}

// listener is one run of Listen. Its fields belong to its goroutine.
type listener struct {
	*Client
	log     *slog.Logger
	session session
	slots   chan struct{} // one for every answer that is being made
	running sync.WaitGroup

	registering sync.Once
	pairing     *pairing // nil: it listens for commands

	faults  msg.Throttle // kinds of trouble with the gateway
	ignored msg.Throttle // users whose commands are ignored
}

// supervise keeps a connection open.
func (l *listener) supervise(ctx context.Context) {
	for !l.loadSession(ctx) {
		if !msg.Sleep(ctx, maxBackoff) {
			return
		}
	}
	failures, identifies := 0, 0 // connections in a row that did not last: without an identify, and with one
	for {
		began := time.Now()
		identified, err := l.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if fatal(err) {
			l.dropSession(ctx) // the next start may have another token or other settings
			l.Hearing.Lost("Discord does not let the bot in: " + l.clean(err))
			l.log.Error("commands are not heard until the next start: Discord does not let the bot in",
				"error", l.clean(err))
			<-ctx.Done()
			return
		}
		l.Hearing.Lost(l.clean(err))
		lasted := time.Since(began)
		if lasted > maxBackoff {
			failures = 0
		}
		if lasted > maxIdentifyBackoff {
			identifies = 0
		}
		wait := backoff(err, failures, maxBackoff)
		if identified {
			wait = backoff(err, identifies, maxIdentifyBackoff)
			identifies++
		} else {
			failures++
		}
		if l.faults.Allow("connection") {
			l.log.Warn("gateway connection lost", "error", l.clean(err), "again_in", wait.Round(time.Second))
		}
		if !msg.Sleep(ctx, wait) {
			return
		}
	}
}

// backoff is how long to wait after err, which follows that many failures in a row.
func backoff(err error, failures int, most time.Duration) time.Duration {
	if e, ok := errors.AsType[*BudgetError](err); ok {
		return max(time.Until(e.until), maxBackoff)
	}
	d := min(minBackoff<<min(failures, 12), most)
	if e, ok := errors.AsType[*msg.RetryAfterError](err); ok {
		d = max(d, e.After)
	}
	return d + rand.N(d/4)
}

// clean returns the text of err without the token, which a peer may echo, and fit to be shown.
func (l *listener) clean(err error) string {
	return store.Clean(strings.ReplaceAll(err.Error(), l.token, "[token]"), 200)
}

// loadSession loads the session of the last run.
func (l *listener) loadSession(ctx context.Context) bool {
	s, err := l.readSession(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("gateway session cannot be read", "error", err)
		}
		return false
	}
	l.session = s
	return true
}

// saveSession stores the session, unless it is one for pairing, which receives other events.
func (l *listener) saveSession(ctx context.Context) {
	if l.pairing != nil {
		return
	}
	if err := l.writeSession(ctx, l.session); err != nil && ctx.Err() == nil && l.faults.Allow("session") {
		l.log.Error("gateway session cannot be kept", "error", err)
	}
}

// dropSession drops a session that cannot be resumed, so that the next connection identifies.
func (l *listener) dropSession(ctx context.Context) {
	l.session = session{App: l.session.App}
	l.saveSession(ctx)
}
