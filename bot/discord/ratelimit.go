package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
)

// patience is how long a call waits for its turn. What takes longer is the caller's to wait out.
const patience = 5 * time.Second

// rateLimit holds the rate limits: https://discord.com/developers/docs/topics/rate-limits
//
// A route has one request under way at a time, so that what the last answer said of the limit is always true of the
// next request, posts keep their order, and an unknown limit is met one request at a time.
type rateLimit struct {
	all *rate.Limiter // 50 a second for the bot: 10 at once and 40 a second are never more

	mu      sync.Mutex
	routes  map[string]*route
	blocked time.Time // no request before: a global 429
	token   standing  // of the token, which is refused everywhere or nowhere
	recent  invalids
}

type route struct {
	turn      chan struct{}
	limit     int // a window's requests; 0: not known
	remaining int
	reset     time.Time // when the window ends
	blocked   time.Time // a 429
	standing
}

func newRateLimit() *rateLimit {
	return &rateLimit{all: rate.NewLimiter(40, 10), routes: map[string]*route{}}
}

var errStopped = &msg.NotSentError{Reason: "stopped before it was sent"}

// enter waits until a request may be made on the route. The caller makes one and then calls leave with its outcome.
func (p *rateLimit) enter(ctx context.Context, name string) (leave func(http.Header, error), err error) {
	if name == "" {
		return func(_ http.Header, err error) { p.exempt(err) }, nil
	}
	p.mu.Lock()
	r := p.routes[name]
	if r == nil {
		r = &route{turn: make(chan struct{}, 1)}
		p.routes[name] = r
	}
	p.mu.Unlock()
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, errStopped
	}
	if err := p.wait(ctx, r); err != nil {
		<-r.turn
		return nil, err
	}
	return func(h http.Header, err error) {
		p.learn(r, h, err)
		<-r.turn
	}, nil
}

// wait returns when r has a request left, and takes it.
func (p *rateLimit) wait(ctx context.Context, r *route) error {
	for {
		delay, err := p.take(r)
		if err != nil {
			return err
		}
		if delay <= 0 {
			break
		}
		if !sleep(ctx, delay) {
			return errStopped
		}
	}
	if p.all.Wait(ctx) != nil {
		return errStopped
	}
	return nil
}

// take takes a request of the route's window, or says how long to wait for one.
func (p *rateLimit) take(r *route) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if left := max(p.token.wait(now, &p.recent), r.standing.wait(now, &p.recent)); left > 0 {
		return 0, &msg.NotSentError{Reason: fmt.Sprintf("Discord refuses it; the next attempt is in %v", left.Round(time.Second))}
	}
	scope, until := msg.ThisChat, r.blocked
	if p.blocked.After(until) {
		scope, until = msg.WholePlatform, p.blocked
	}
	if r.limit > 0 && r.remaining <= 0 && r.reset.After(until) {
		scope, until = msg.ThisChat, r.reset
	}
	if left := until.Sub(now); left > patience {
		return 0, &msg.RetryAfterError{After: left, Scope: scope}
	} else if left > 0 {
		return left, nil
	}
	if !r.reset.After(now) {
		r.remaining = r.limit
	}
	r.remaining--
	return 0, nil
}

// learn keeps what an answer says of its route's limit and of its standing.
func (p *rateLimit) learn(r *route, h http.Header, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit")); err == nil {
		left, _ := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
		after, _ := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
		r.limit, r.remaining, r.reset = limit, left, now.Add(seconds(after))
	}
	e, refused := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		r.standing, p.token = standing{}, standing{}
	case refused && e.Status == http.StatusTooManyRequests && e.Global:
		p.blocked = now.Add(e.After)
	case refused && e.Status == http.StatusTooManyRequests:
		r.blocked = now.Add(e.After)
	case refused && e.Status == http.StatusUnauthorized:
		p.token.refused(now, &p.recent)
	case refused && e.invalid():
		r.standing.refused(now, &p.recent)
	}
}

// exempt keeps what an answer outside the routes means for all of them.
func (p *rateLimit) exempt(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	switch e, refused := errors.AsType[*refusal](err); {
	case refused && e.Status == http.StatusTooManyRequests && e.Global:
		p.blocked = now.Add(e.After)
	case refused && e.invalid():
		p.recent.add(now)
	}
}

// sleep reports whether d has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
