package telegramtest

import (
	"fmt"
	"maps"
	"net/http"
	"time"
)

// The documented limits: one message a second to a chat, short bursts allowed, 20 a minute to a group, 30 a second
// in all. https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
// How long a burst may be is not documented; three is the server's own choice.
var (
	chatLimit    = limit{3, 3 * time.Second}
	groupLimit   = limit{20, time.Minute}
	overallLimit = limit{30, time.Second}
)

// limit is how many posts any stretch of time may hold.
type limit struct {
	posts int
	in    time.Duration
}

// wait is how long the posts of the past forbid another.
func (l limit) wait(past []time.Time, now time.Time) time.Duration {
	if len(past) < l.posts {
		return 0
	}
	return l.in - now.Sub(past[len(past)-l.posts])
}

// admit holds the limits: nil, or a 429 after which the chat is held. s.mu is held.
func (s *Server) admit(q Request) error {
	now := time.Now()
	if until := s.heldUntil(q.Chat); until.After(now) {
		return s.hold(q.Chat, until.Sub(now))
	}
	for _, key := range []int64{0, q.Chat} {
		past := s.sent[key]
		for len(past) > 0 && now.Sub(past[0]) >= time.Minute {
			past = past[1:]
		}
		s.sent[key] = past
	}
	if wait := overallLimit.wait(s.sent[0], now); wait > 0 {
		return s.hold(0, wait)
	}
	wait := chatLimit.wait(s.sent[q.Chat], now)
	if q.Chat < 0 {
		wait = max(wait, groupLimit.wait(s.sent[q.Chat], now))
	}
	if wait > 0 {
		return s.hold(q.Chat, wait)
	}
	s.sent[0] = append(s.sent[0], now)
	s.sent[q.Chat] = append(s.sent[q.Chat], now)
	return nil
}

// hold refuses every post to the chat, 0 for all chats, until the time is over. s.mu is held.
func (s *Server) hold(chat int64, wait time.Duration) error {
	wait = (wait + time.Second - 1).Truncate(time.Second) // retry_after is in whole seconds
	if until := time.Now().Add(wait); until.After(s.held[chat]) && s.heldUntil(chat).Before(time.Now()) {
		s.held[chat] = until
	}
	return &refusal{
		Code:       http.StatusTooManyRequests,
		Text:       fmt.Sprintf("Too Many Requests: retry after %d", wait/time.Second),
		RetryAfter: wait,
	}
}

// heldUntil is when the chat may be posted to again. s.mu is held.
func (s *Server) heldUntil(chat int64) time.Time {
	if s.held[0].After(s.held[chat]) {
		return s.held[0]
	}
	return s.held[chat]
}

// Held returns until when posts to chats are refused now; 0 is all chats.
func (s *Server) Held() map[int64]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := maps.Clone(s.held)
	maps.DeleteFunc(held, func(_ int64, until time.Time) bool { return !until.After(time.Now()) })
	return held
}

// Lift ends a hold that binds nobody: the client that was told of it is no more, and told nobody.
func (s *Server) Lift(chat int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, chat)
}

// Early counts the posts that came before the retry_after they had been given was over.
func (s *Server) Early() int {
	early := 0
	for _, q := range s.Requests() {
		if q.Early {
			early++
		}
	}
	return early
}
