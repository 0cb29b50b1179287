package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"friendlyfire/bot/msg"
)

const (
	pollTimeout = 50 * time.Second             // of a long poll, at Telegram
	pollLimit   = pollTimeout + 10*time.Second // of a long poll, here
)

// Listen answers commands until ctx ends, whatever goes wrong meanwhile, and then returns nil. None of its goroutines
// outlives it, provided that Answer returns when its context ends.
//
// The offset is stored before the updates are handled: a kill loses the commands that are waiting or being answered,
// and repeats none. At most eight wait in a chat; further ones are dropped.
func (c *Client) Listen(ctx context.Context) error {
	l := &listener{
		Client: c, log: c.Logger(platform), offset: savedOffset{store: c.Store, key: "telegram/updates/" + c.id(), keep: c.Keep},
		queues: map[string]chan command{}, slots: make(chan struct{}, answersAtOnce),
		faults: msg.Throttle{Every: time.Hour}, ignored: msg.Throttle{Every: time.Minute},
	}
	defer l.running.Wait()
	failures, logged := 0, false
	for ctx.Err() == nil {
		err := l.poll(ctx)
		switch {
		case err == nil:
			if logged {
				l.log.Info("listening again")
			}
			failures, logged = 0, false
			c.Hearing.Restored()
		case ctx.Err() == nil:
			wait := backoff(err, failures)
			failures++
			err = explainConflict(err)
			c.Hearing.Lost(c.clean(err.Error()))
			if l.faults.Allow(failureKind(err)) {
				logged = true
				l.log.Warn("not listening for commands", "error", err, "again_in", wait.Round(time.Second))
			}
			msg.Sleep(ctx, wait)
		}
	}
	return nil
}

// listener is one run of Listen. Everything but the contents of the queues belongs to its goroutine.
type listener struct {
	*Client
	log    *slog.Logger
	name   string // the bot's user name, "" until Telegram has sent it
	offset savedOffset

	queues  map[string]chan command // by chat
	slots   chan struct{}           // one for every answer that is being made
	running sync.WaitGroup

	faults  msg.Throttle // kinds of failure
	ignored msg.Throttle // users whose commands are ignored
}

// poll waits for updates and handles them.
func (l *listener) poll(ctx context.Context) error {
	if l.name == "" { // needed, since a command may name the bot
		name, err := l.Me(ctx)
		if err != nil {
			return err
		}
		l.name = name
		l.running.Go(func() { l.registerCommands(ctx) })
	}
	next, err := l.offset.next(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	fresh, next, err := l.getUpdates(ctx, next, pollTimeout)
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		msg.Sleep(ctx, time.Second-time.Since(began)) // no busy loop with a server that does not wait
		return nil
	}
	if err := l.offset.share(ctx, next); err != nil {
		return err
	}
	if err := l.offset.save(ctx, next); err != nil {
		l.log.Error("how far updates are read cannot be kept", "error", err)
	}
	for _, raw := range fresh {
		l.handleUpdate(ctx, raw)
	}
	return nil
}

// getUpdates polls for updates from the offset next on, with that timeout. It returns them and the offset after them.
func (c *Client) getUpdates(
	ctx context.Context, next int64, wait time.Duration,
) (fresh []json.RawMessage, after int64, err error) {
	var batch []json.RawMessage
	err = c.callInto(ctx, wait+pollLimit-pollTimeout, "getUpdates", tg.Params{
		"offset":          strconv.FormatInt(next, 10),
		"timeout":         strconv.Itoa(int(wait / time.Second)),
		"allowed_updates": `["message","callback_query"]`,
	}, &batch)
	if err != nil {
		return nil, next, err
	}
	for _, raw := range batch {
		var u struct {
			ID int64 `json:"update_id"`
		}
		if err := json.Unmarshal(raw, &u); err != nil || u.ID < next {
			continue
		}
		next = u.ID + 1
		fresh = append(fresh, raw)
	}
	return fresh, next, nil
}

// handleUpdate puts a command that may be answered into its chat's queue. The log says why another one is ignored,
// but never what it says.
func (l *listener) handleUpdate(ctx context.Context, raw json.RawMessage) {
	var u update
	if err := json.Unmarshal(raw, &u); err != nil {
		l.log.Warn("an update that cannot be read is skipped", "error", err, "update", updateID(raw))
		return
	}
	c, why, ok := u.command(l.name, time.Now())
	if why != "" && l.ignored.Allow(c.User+" "+why) {
		l.log.Info("command ignored", "reason", why, "chat", c.Chat, "user", c.User)
	}
	if !ok || l.Allowed == nil || !l.Allowed(c.Request) {
		return
	}
	if !l.enqueue(ctx, c) && l.ignored.Allow(c.User+" flood") {
		l.log.Warn("command ignored", "reason", "too many at once", "chat", c.Chat, "user", c.User)
	}
}

// registerCommands sets the commands that Telegram lists, trying until it succeeds.
func (l *listener) registerCommands(ctx context.Context) {
	if len(l.Commands) == 0 {
		return
	}
	type described struct {
		Command     string `json:"command"`
		Description string `json:"description"`
	}
	commands := make([]described, len(l.Commands))
	for i, c := range l.Commands {
		commands[i] = described{c.Name, c.Description}
	}
	for failures := 0; ctx.Err() == nil; failures++ {
		_, err := l.call(ctx, callLimit, "setMyCommands", tg.Params{"commands": encode(commands)}, nil)
		if err == nil {
			return
		}
		if failures == 0 && ctx.Err() == nil {
			l.log.Warn("Telegram does not list the commands yet", "error", err)
		}
		msg.Sleep(ctx, backoff(err, failures))
	}
}

// backoff is how long to wait after err, which follows that many failures in a row.
func backoff(err error, failures int) time.Duration {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = &refusal{}
	}
	switch r.status {
	case http.StatusTooManyRequests:
		return max(r.retryAfter, time.Second)
	case http.StatusConflict: // another program polls, and each poll would end the other's
		return 30*time.Second + rand.N(10*time.Second)
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		if r.fromAPI {
			return min(minProbe<<min(failures, 10), maxProbe)
		}
	}
	d := min(time.Second<<min(failures, 10), 30*time.Second)
	return d + rand.N(d)
}

// explainConflict tells another program that polls, which must stop, from a webhook, which can be deleted.
func explainConflict(err error) error {
	err = conflict(err)
	if e, ok := errors.AsType[*ConflictError](err); ok && e.Webhook {
		return fmt.Errorf("%w; friendlyfire check --delete-webhook deletes it", err)
	}
	return err
}

// failureKind is the kind of a failure, each of which is logged once in a while.
func failureKind(err error) string {
	if e, ok := errors.AsType[*ConflictError](err); ok {
		return fmt.Sprint("conflict ", e.Webhook)
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return fmt.Sprint(r.status)
	}
	return "connection"
}

func updateID(raw json.RawMessage) int64 {
	var u struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(raw, &u) // 0 if there is none
	return u.ID
}
