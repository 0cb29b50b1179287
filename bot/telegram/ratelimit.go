package telegram

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
)

// The documented limits are a message a second to a chat, 20 a minute to a group, and 30 a second in all.
// https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
//
// These limiters stay below them in any period: a group's burst and the minute after it are 19 posts, the overall burst
// and the second after it 30. The margin is for requests that the network bunches up.
const (
	chatEvery    = 1050 * time.Millisecond
	groupEvery   = 3400 * time.Millisecond
	groupBurst   = 2
	overallRate  = 25 // a second
	overallBurst = 5
)

// minProbe and maxProbe bound the backoff between posts to a chat that refuses the bot.
const (
	minProbe = time.Minute
	maxProbe = 15 * time.Minute
)

// rateLimit delays posts until the documented limits and the 429s received so far allow them.
type rateLimit struct {
	mu           sync.Mutex
	overall      *rate.Limiter
	blockedUntil time.Time // by a 429 for the whole bot
	chats        map[int64]*chatLimit
}

type chatLimit struct {
	limiters     []*rate.Limiter
	blockedUntil time.Time // by a 429 for the chat
	refusals     int       // in a row
}

// chat returns the limits of a chat; a group's id is negative. l.mu is held.
func (l *rateLimit) chat(id int64) *chatLimit {
	if l.chats == nil {
		l.chats = map[int64]*chatLimit{}
		l.overall = rate.NewLimiter(overallRate, overallBurst)
	}
	c := l.chats[id]
	if c == nil {
		c = &chatLimit{limiters: []*rate.Limiter{rate.NewLimiter(rate.Every(chatEvery), 1), l.overall}}
		if id < 0 {
			c.limiters = append([]*rate.Limiter{rate.NewLimiter(rate.Every(groupEvery), groupBurst)}, c.limiters...)
		}
		l.chats[id] = c
	}
	return c
}

// maxYield is how long a picture lets alerts go first.
const maxYield = 20 * time.Second

// yield waits until a post would leave the rest of a burst to those that come right after it, within maxYield.
func (l *rateLimit) yield(ctx context.Context, id int64) {
	l.mu.Lock()
	c := l.chat(id)
	l.mu.Unlock()
	for deadline := time.Now().Add(maxYield); ; {
		pause := time.Duration(0)
		for _, limiter := range c.limiters {
			missing := float64(limiter.Burst()) - limiter.Tokens()
			pause = max(pause, time.Duration(missing/float64(limiter.Limit())*float64(time.Second)))
		}
		if pause = min(pause, time.Until(deadline)); pause <= 0 || !msg.Sleep(ctx, pause+time.Millisecond) {
			return
		}
	}
}

// wait returns when the chat may be posted to. It does not wait for a 429 to pass, which may take hours.
func (l *rateLimit) wait(ctx context.Context, id int64) error {
	l.mu.Lock()
	c := l.chat(id)
	l.mu.Unlock()
	if err := l.checkBlocked(c); err != nil {
		return err
	}
	for _, limiter := range c.limiters {
		if err := limiter.Wait(ctx); err != nil {
			return &msg.NotSentError{Reason: "given up while waiting for its turn", Unreached: true}
		}
	}
	return l.checkBlocked(c) // another post may have got a 429 meanwhile
}

// resume takes into account that an earlier run, whose burst may have been spent, tried to post to the chat at that
// time. It may have waited for its turn first.
func (l *rateLimit) resume(id int64, last time.Time) {
	l.mu.Lock()
	known := l.chats[id] != nil
	c := l.chat(id)
	l.mu.Unlock()
	if known {
		return
	}
	last = last.Add(chatEvery)
	if id < 0 {
		last = last.Add(groupEvery)
	}
	if now := time.Now(); last.After(now) { // perhaps because the clock was set back
		last = now
	}
	for _, limiter := range c.limiters {
		if limiter == l.overall {
			continue
		}
		for limiter.AllowN(last, 1) { // until nothing of it is left
		}
	}
}

// checkBlocked returns a *msg.RetryAfterError while a 429 blocks the chat.
func (l *rateLimit) checkBlocked(c *chatLimit) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after := time.Until(l.blockedUntil); after > 0 {
		return &msg.RetryAfterError{After: after, Scope: msg.WholePlatform}
	}
	if after := time.Until(c.blockedUntil); after > 0 {
		return &msg.RetryAfterError{After: after, Scope: msg.ThisChat}
	}
	return nil
}

// learn takes the outcome of a post into account: a 429 blocks posts until it has passed, and the backoff after a
// chat's refusals grows from one to the next.
func (l *rateLimit) learn(id int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.chat(id)
	if limit, ok := errors.AsType[*msg.RetryAfterError](err); ok {
		until := time.Now().Add(limit.After)
		if limit.Scope == msg.WholePlatform {
			l.blockedUntil = until
		} else {
			c.blockedUntil = until
		}
		return
	}
	no, unsent := errors.AsType[*msg.NotSentError](err)
	switch {
	case !unsent:
		c.refusals = 0
	case no.After > 0:
		no.After = min(minProbe<<min(c.refusals, 10), maxProbe)
		c.refusals++
	}
}
