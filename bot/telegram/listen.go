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
	pollTime  = 50 * time.Second          // how long Telegram waits for an update
	pollLimit = pollTime + 10*time.Second // when a poll is given up
)

// Listen answers commands until ctx ends, whatever goes wrong meanwhile, and then returns nil. Nothing of it goes
// on afterwards, provided that Answer ends with its context.
//
// How far updates have been read is kept before they are acted upon: a kill loses the commands that are waiting or
// under way, and repeats none. At most eight wait in a chat; those that exceed it are dropped.
func (c *Client) Listen(ctx context.Context) error {
	l := &listener{
		Client: c, log: c.log(), bookmark: savedOffset{store: c.Store, key: "telegram/updates/" + c.id()},
		queues: map[string]chan command{}, busy: make(chan struct{}, answersAtOnce),
		faults: msg.Throttle{Every: time.Hour}, ignored: msg.Throttle{Every: time.Minute},
	}
	defer l.running.Wait()
	failures, told := 0, false
	for ctx.Err() == nil {
		err := l.poll(ctx)
		switch {
		case err == nil:
			if told {
				l.log.Info("listening again")
			}
			failures, told = 0, false
		case ctx.Err() == nil:
			wait := pause(err, failures)
			failures++
			if l.faults.Allow(kind(err)) {
				told = true
				l.log.Warn("not listening for commands", "error", err, "again_in", wait.Round(time.Second))
			}
			sleep(ctx, wait)
		}
	}
	return nil
}

// listener is one run of Listen. All but the queues' contents belongs to its goroutine.
type listener struct {
	*Client
	log      *slog.Logger
	name     string // the bot's user name, "" until Telegram has told
	bookmark savedOffset

	queues  map[string]chan command // by chat
	busy    chan struct{}           // as many as there are answers being made
	running sync.WaitGroup

	faults  msg.Throttle // kinds of failure
	ignored msg.Throttle // users whose commands are not heard
}

// poll waits for updates and hands them on.
func (l *listener) poll(ctx context.Context) error {
	if l.name == "" { // a command may name it
		name, err := l.Me(ctx)
		if err != nil {
			return err
		}
		l.name = name
		l.running.Go(func() { l.publish(ctx) })
	}
	next, err := l.bookmark.next(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	fresh, next, err := l.updates(ctx, next, pollTime)
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		sleep(ctx, time.Second-time.Since(began)) // a server that does not wait must not be asked without end
		return nil
	}
	if err := l.bookmark.set(ctx, next); err != nil {
		l.log.Error("how far updates are read cannot be kept", "error", err)
	}
	for _, raw := range fresh {
		l.take(ctx, raw)
	}
	return nil
}

// updates waits so long for updates from the one numbered next on, and returns them and the number that follows theirs.
func (c *Client) updates(ctx context.Context, next int64, wait time.Duration) (fresh []json.RawMessage, after int64, err error) {
	var batch []json.RawMessage
	err = c.ask(ctx, wait+pollLimit-pollTime, "getUpdates", tg.Params{
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

// take hands a command to its chat's queue, if it is one that is heard. Only what is wrong is logged, never what
// was said.
func (l *listener) take(ctx context.Context, raw json.RawMessage) {
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

// publish tells Telegram the commands, as often as it takes.
func (l *listener) publish(ctx context.Context) {
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
		sleep(ctx, pause(err, failures))
	}
}

// pause is how long to wait after a failure that follows so many others.
func pause(err error, failures int) time.Duration {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = &refusal{}
	}
	switch r.code {
	case http.StatusTooManyRequests:
		return max(r.after, time.Second)
	case http.StatusConflict: // another program polls: the two would take turns for ever
		return 30*time.Second + rand.N(10*time.Second)
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		if r.api {
			return min(probeFirst<<min(failures, 10), probeMost)
		}
	}
	d := min(time.Second<<min(failures, 10), 30*time.Second)
	return d + rand.N(d)
}

// kind is the kind of a failure, to log each kind once in a while.
func kind(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return fmt.Sprint(r.code)
	}
	return "connection"
}

func updateID(raw json.RawMessage) int64 {
	var u struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(raw, &u) // 0 says enough
	return u.ID
}

// sleep returns when the time is over or ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
