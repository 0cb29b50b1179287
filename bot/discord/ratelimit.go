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

// maxWait is how long a call waits for a rate limit. Longer waits are left to the caller.
const maxWait = 5 * time.Second

// rateLimit delays requests until Discord's limits and the 429s received so far allow them:
// https://discord.com/developers/docs/topics/rate-limits
//
// A route has one request at a time, so that the limit in its last answer applies to its next request, posts keep their
// order, and an unknown limit is approached one request at a time. Beside it there may be one upload, which may hang.
type rateLimit struct {
	global *rate.Limiter // 10 at once and 40 a second stay within the bot's limit of 50 a second

	mu           sync.Mutex
	routes       map[string]*route
	blockedUntil time.Time     // by a global 429
	token        refusalStreak // of the token, which is refused on all routes or on none
	recent       invalidRequests
}

type route struct {
	turn         chan struct{}
	uploading    chan struct{} // the turn of uploads
	underway     int           // requests
	limit        int           // requests in a window; 0: unknown
	remaining    int
	reset        time.Time // the end of the window
	blockedUntil time.Time // by a 429 for the route
	refusals     refusalStreak
}

func newRateLimit() *rateLimit {
	return &rateLimit{global: rate.NewLimiter(40, 10), routes: map[string]*route{}}
}

var errStopped = &msg.NotSentError{Reason: "stopped before it was sent", Unreached: true}

// acquire waits until the route allows a request. The caller makes one, and then calls release with its outcome.
func (l *rateLimit) acquire(
	ctx context.Context, name string, upload bool,
) (release func(http.Header, error), err error) {
	if name == "" {
		return func(_ http.Header, err error) { l.learnExempt(err) }, nil
	}
	l.mu.Lock()
	r := l.routes[name]
	if r == nil {
		r = &route{turn: make(chan struct{}, 1), uploading: make(chan struct{}, 1)}
		l.routes[name] = r
	}
	l.mu.Unlock()
	turn := r.turn
	if upload {
		turn = r.uploading
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, errStopped
	}
	if err := l.wait(ctx, r); err != nil {
		<-turn
		return nil, err
	}
	return func(h http.Header, err error) {
		l.learn(r, h, err)
		<-turn
	}, nil
}

// wait returns when it has reserved a request of the route.
func (l *rateLimit) wait(ctx context.Context, r *route) error {
	for {
		delay, err := l.reserve(r)
		if err != nil {
			return err
		}
		if delay <= 0 {
			break
		}
		if !msg.Sleep(ctx, delay) {
			return errStopped
		}
	}
	if l.global.Wait(ctx) != nil {
		return errStopped
	}
	l.mu.Lock()
	r.underway++
	l.mu.Unlock()
	return nil
}

// reserve takes a request out of the route's window, or returns how long to wait for one.
func (l *rateLimit) reserve(r *route) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if left := max(l.token.wait(now, &l.recent), r.refusals.wait(now, &l.recent)); left > 0 {
		reason := fmt.Sprintf("Discord refuses it; the next attempt is in %v", left.Round(time.Second))
		return 0, &msg.NotSentError{Reason: reason, Unreached: true}
	}
	scope, until := msg.ThisChat, r.blockedUntil
	if l.blockedUntil.After(until) {
		scope, until = msg.WholePlatform, l.blockedUntil
	}
	if r.limit > 0 && r.remaining <= 0 && r.reset.After(until) {
		scope, until = msg.ThisChat, r.reset
	}
	if left := until.Sub(now); left > maxWait {
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

// learn takes an answer into account: the limits in its headers, and whether it is a refusal.
func (l *rateLimit) learn(r *route, h http.Header, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	r.underway--
	if limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit")); err == nil {
		left, _ := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
		after, _ := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
		r.limit, r.remaining, r.reset = limit, left-r.underway, now.Add(seconds(after))
	}
	e, refused := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		r.refusals, l.token = refusalStreak{}, refusalStreak{}
	case refused && e.status == http.StatusTooManyRequests && e.global:
		l.blockedUntil = now.Add(e.retryAfter)
	case refused && e.status == http.StatusTooManyRequests:
		r.blockedUntil = now.Add(e.retryAfter)
	case refused && e.status == http.StatusUnauthorized:
		l.token.add(now, &l.recent)
	case refused && e.invalid():
		r.refusals.add(now, &l.recent)
	}
}

// learnExempt takes the outcome of a request into account that is exempt from route limits.
func (l *rateLimit) learnExempt(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch e, refused := errors.AsType[*refusal](err); {
	case refused && e.status == http.StatusTooManyRequests && e.global:
		l.blockedUntil = now.Add(e.retryAfter)
	case refused && e.invalid():
		l.recent.add(now)
	}
}
