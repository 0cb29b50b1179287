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
// What is let through stays below them in every stretch of time: the burst and what follows it in a minute are
// 19, the burst and what follows it in a second 30; the remainder is for requests that the network bunches up.
const (
	chatEvery    = 1050 * time.Millisecond
	groupEvery   = 3400 * time.Millisecond
	groupBurst   = 2
	overallRate  = 25 // a second
	overallBurst = 5
)

// probeFirst and probeMost bound the pauses between attempts at a chat that refuses the bot.
const (
	probeFirst = time.Minute
	probeMost  = 15 * time.Minute
)

// rateLimit holds posts back until the platform's limits, and what it has asked for, allow them.
type rateLimit struct {
	mu      sync.Mutex
	overall *rate.Limiter
	held    time.Time // the platform wants nothing before
	chats   map[int64]*chatLimit
}

type chatLimit struct {
	limits   []*rate.Limiter
	held     time.Time // the chat wants nothing before
	refusals int       // in a row
}

// chat returns the pace of a chat; a group's id is negative. p.mu is held.
func (p *rateLimit) chat(id int64) *chatLimit {
	if p.chats == nil {
		p.chats = map[int64]*chatLimit{}
		p.overall = rate.NewLimiter(overallRate, overallBurst)
	}
	c := p.chats[id]
	if c == nil {
		c = &chatLimit{limits: []*rate.Limiter{rate.NewLimiter(rate.Every(chatEvery), 1), p.overall}}
		if id < 0 {
			c.limits = append([]*rate.Limiter{rate.NewLimiter(rate.Every(groupEvery), groupBurst)}, c.limits...)
		}
		p.chats[id] = c
	}
	return c
}

// wait returns when the chat may be posted to. A hold is not waited for: it may be hours.
func (p *rateLimit) wait(ctx context.Context, id int64) error {
	p.mu.Lock()
	c := p.chat(id)
	p.mu.Unlock()
	if err := p.free(c); err != nil {
		return err
	}
	for _, limit := range c.limits {
		if err := limit.Wait(ctx); err != nil {
			return &msg.NotSentError{Reason: "given up while waiting for its turn"}
		}
	}
	return p.free(c) // another post may have met a hold meanwhile
}

// free returns how long the chat is still held, as an error.
func (p *rateLimit) free(c *chatLimit) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if after := time.Until(p.held); after > 0 {
		return &msg.RetryAfterError{After: after, Scope: msg.WholePlatform}
	}
	if after := time.Until(c.held); after > 0 {
		return &msg.RetryAfterError{After: after, Scope: msg.ThisChat}
	}
	return nil
}

// learn takes the outcome of a post into account: nothing is posted while a 429 holds, and the pauses that a
// chat's refusals ask for grow from one to the next.
func (p *rateLimit) learn(id int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.chat(id)
	if limit, ok := errors.AsType[*msg.RetryAfterError](err); ok {
		until := time.Now().Add(limit.After)
		if limit.Scope == msg.WholePlatform {
			p.held = until
		} else {
			c.held = until
		}
		return
	}
	no, unsent := errors.AsType[*msg.NotSentError](err)
	switch {
	case !unsent:
		c.refusals = 0
	case no.After > 0:
		no.After = min(probeFirst<<min(c.refusals, 10), probeMost)
		c.refusals++
	}
}
