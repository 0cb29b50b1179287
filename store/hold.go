package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// hold is a time in which a chat gets nothing: the platform limits the rate, or an attempt has failed.
//
// On disk it is a stretch of the wall clock, which may be set meanwhile. In the process that has set or read it, its
// times carry the monotonic clock too, and then the hold is as long as it should be.
type hold struct{ at, until time.Time }

// newHold is a hold that begins now.
func newHold(now time.Time, length time.Duration) hold { return hold{now, now.Add(max(0, length))} }

// setBack reports whether the wall clock has been set to before the time at which the hold was set.
func (h hold) setBack(now time.Time) bool { return now.Round(0).Before(h.at.Round(0)) }

// left is how much of the hold is left: never more than its length, whatever the clock says, and nothing once either
// clock has reached its end.
func (h hold) left(now time.Time) time.Duration {
	byWall := h.until.Round(0).Sub(now.Round(0))
	return max(0, min(h.until.Sub(now), byWall, h.until.Sub(h.at)))
}

// holds are the holds that the process knows of. They are read from the database only once: from then on the process
// has a clock of its own.
type holds struct {
	mu    sync.Mutex
	known map[Chat]hold
}

// begin lets a hold of the chat begin now, unless a longer one is in force, and returns the one that is.
func (hs *holds) begin(chat Chat, now time.Time, length time.Duration) hold {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h := newHold(now, max(length, hs.known[chat].left(now)))
	if hs.known == nil {
		hs.known = map[Chat]hold{}
	}
	hs.known[chat] = h
	return h
}

// HeldFor returns how long the chat must not be sent anything: 0 if it may be. A hold that was set in the future, by
// the clock now, begins anew, and is kept so: nothing is held for longer than was meant.
func (s *Store) HeldFor(ctx context.Context, chat Chat, now time.Time) (left time.Duration, err error) {
	for _, c := range []Chat{chat, {Platform: chat.Platform}} {
		h, err := s.hold(ctx, c, now)
		if err != nil {
			return 0, err
		}
		left = max(left, h.left(now))
	}
	return left, nil
}

func (s *Store) hold(ctx context.Context, chat Chat, now time.Time) (hold, error) {
	s.holds.mu.Lock()
	h, known := s.holds.known[chat]
	s.holds.mu.Unlock()
	if !known {
		var at, until int64
		err := s.r.QueryRowContext(ctx, "SELECT blocked_at, blocked_until FROM chats WHERE platform = ? AND chat = ?",
			chat.Platform, chat.ID).Scan(&at, &until)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return hold{}, err
		}
		h = hold{time.Unix(at, 0), time.Unix(until, 0)}
	}
	moved := h.setBack(now) && h.until.After(h.at)
	if known && !moved {
		return h, nil
	}
	h = s.holds.begin(chat, now, h.left(now))
	if !moved {
		return h, nil
	}
	err := s.exec(ctx, setHold, chat.Platform, chat.ID, h.at.Unix(), ceilUnix(h.until))
	return h, err
}

// setHold sets the hold of a chat.
const setHold = `INSERT INTO chats (platform, chat, blocked_at, blocked_until) VALUES (?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET blocked_at = excluded.blocked_at, blocked_until = excluded.blocked_until`
