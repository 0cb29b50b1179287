package telegramtest

import (
	"fmt"
	"maps"
	"net/http"
	"time"
)

// The documented limits: one message a second to a chat, with short bursts, 20 a minute to a group, 30 a second
// overall. https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this The length of a burst is not
// documented; three is this server's choice.
var (
	chatLimit    = limit{3, 3 * time.Second}
	groupLimit   = limit{20, time.Minute}
	overallLimit = limit{30, time.Second}
)

// limit is how many posts are allowed in any period of that length.
type limit struct {
	posts int
	in    time.Duration
}

// wait is how long the next post must wait because of past ones.
func (l limit) wait(past []time.Time, now time.Time) time.Duration {
	if len(past) < l.posts {
		return 0
	}
	return l.in - now.Sub(past[len(past)-l.posts])
}

// admit enforces the limits: it returns nil, or a 429, after which the chat is on hold. s.mu is held.
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

// hold puts the chat on hold, 0 for all chats, and returns the 429. s.mu is held.
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

// heldUntil is when the hold of the chat ends. s.mu is held.
func (s *Server) heldUntil(chat int64) time.Time {
	if s.held[0].After(s.held[chat]) {
		return s.held[0]
	}
	return s.held[chat]
}

// Held returns when the current holds end, by chat; 0 is all chats.
func (s *Server) Held() map[int64]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := maps.Clone(s.held)
	maps.DeleteFunc(held, func(_ int64, until time.Time) bool { return !until.After(time.Now()) })
	return held
}

// Lift ends the hold of a chat, for a test whose client was killed before it could store it.
func (s *Server) Lift(chat int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, chat)
}

// Early counts the posts that came before the retry_after of an earlier 429 had passed.
func (s *Server) Early() int {
	early := 0
	for _, q := range s.Requests() {
		if q.Early {
			early++
		}
	}
	return early
}
