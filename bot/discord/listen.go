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

// How long to wait between connections: no longer than a minute, but a quarter of an hour when each costs an identify.
const (
	pauseFirst = time.Second
	pauseNone  = time.Minute
	pauseSpent = 15 * time.Minute
)

// answersAtOnce is how many commands are answered at the same time. More are dropped.
const answersAtOnce = 16

// Listen answers commands until ctx ends, whatever goes wrong meanwhile, and then returns nil. Nothing of it goes
// on afterwards, provided that Answer ends with its context.
//
// A close that says that token or settings are wrong is final: it is logged, and nothing more is tried. Without a
// guild there is nothing to hear, and no connection.
func (c *Client) Listen(ctx context.Context) error {
	defer c.http.CloseIdleConnections()
	if c.Guild == "" {
		c.log().Info("no commands: discord.guild is not set")
		<-ctx.Done()
		return nil
	}
	l := &listener{
		Client: c, log: c.log(), slots: make(chan struct{}, answersAtOnce),
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
	slots   chan struct{} // as many as there are answers being made
	running sync.WaitGroup

	registering sync.Once
	pairing     *pairing // nil: it listens for commands

	faults  msg.Throttle // kinds of trouble with the gateway
	ignored msg.Throttle // users whose commands are not heard
}

// supervise keeps a connection open.
func (l *listener) supervise(ctx context.Context) {
	for !l.load(ctx) {
		if !sleep(ctx, pauseNone) {
			return
		}
	}
	failures, spent := 0, 0 // connections in a row that did not last: those that cost no identify, and those that did
	for {
		began := time.Now()
		identified, err := l.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if fatal(err) {
			l.forget(ctx) // the next start, with what is then configured, begins anew
			l.log.Error("commands are not heard until the next start: Discord does not let the bot in", "error", l.clean(err))
			<-ctx.Done()
			return
		}
		lasted := time.Since(began)
		if lasted > pauseNone {
			failures = 0
		}
		if lasted > pauseSpent {
			spent = 0
		}
		wait := pause(err, failures, pauseNone)
		if identified {
			wait = pause(err, spent, pauseSpent)
			spent++
		} else {
			failures++
		}
		if l.faults.Allow("connection") {
			l.log.Warn("gateway connection lost", "error", l.clean(err), "again_in", wait.Round(time.Second))
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// pause is how long to wait after a connection that ended with err and follows so many like it.
func pause(err error, before int, most time.Duration) time.Duration {
	if e, ok := errors.AsType[*budgetError](err); ok {
		return max(time.Until(e.until), pauseNone)
	}
	d := min(pauseFirst<<min(before, 12), most)
	if e, ok := errors.AsType[*msg.RetryAfterError](err); ok {
		d = max(d, e.After)
	}
	return d + rand.N(d/4)
}

// clean is err without the token, which a peer may echo, and fit to be shown.
func (l *listener) clean(err error) string {
	return store.Clean(strings.ReplaceAll(err.Error(), l.token, "[token]"), 200)
}

// load reads the session of the last run.
func (l *listener) load(ctx context.Context) bool {
	s, err := l.loadSession(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("gateway session cannot be read", "error", err)
		}
		return false
	}
	l.session = s
	return true
}

// keep keeps the session as it is now, unless it is one for pairing, which receives other events.
func (l *listener) keep(ctx context.Context) {
	if l.pairing != nil {
		return
	}
	if err := l.saveSession(ctx, l.session); err != nil && ctx.Err() == nil && l.faults.Allow("session") {
		l.log.Error("gateway session cannot be kept", "error", err)
	}
}

// forget drops a session that cannot be resumed: the next connection identifies.
func (l *listener) forget(ctx context.Context) {
	l.session = session{App: l.session.App}
	l.keep(ctx)
}
