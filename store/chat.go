package store

import (
	"cmp"
	"context"
	"time"
)

// ChatStatus is the state of the deliveries to a chat.
type ChatStatus struct {
	Chat         Chat
	MovedTo      string    // the new id the platform has given it, "" if none
	SentAt       time.Time // last delivery; zero: none yet
	Failures     int       // failed attempts since then
	TriedAt      time.Time // beginning of the last attempt, to the millisecond; zero: none yet
	FailingSince time.Time // first of them
	Error        string    // of the last of them
	BlockedUntil time.Time // rate limit of the platform, or backoff after a failure; zero: none
	Waiting      int       // notices to be sent
	Oldest       time.Time // when the first of them was posted; zero: none is waiting
	Dead         int       // notices given up, in total
}

// Destination is the id to send to.
func (c ChatStatus) Destination() string { return cmp.Or(c.MovedTo, c.Chat.ID) }

// ChatStatus returns the state of the chat.
func (s *Store) ChatStatus(ctx context.Context, chat Chat) (ChatStatus, error) {
	c := ChatStatus{Chat: chat}
	var sent, tried, failing, blocked, oldest int64
	err := s.r.QueryRowContext(ctx, `SELECT coalesce(max(moved_to), ''),
			coalesce(max(sent_at) FILTER (WHERE chat <> ''), 0), coalesce(max(failures), 0), coalesce(max(tried_ms), 0),
			coalesce(max(failing_since), 0), coalesce(max(error), ''), coalesce(max(blocked_until), 0)
		FROM chats WHERE platform = ? AND chat IN ('', ?)`,
		chat.Platform, chat.ID).Scan(&c.MovedTo, &sent, &c.Failures, &tried, &failing, &c.Error, &blocked)
	if err != nil {
		return c, err
	}
	if tried > 0 {
		c.TriedAt = time.UnixMilli(tried)
	}
	c.SentAt, c.FailingSince, c.BlockedUntil = fromUnix(sent), fromUnix(failing), fromUnix(blocked)
	// The two counts and the oldest are read from indexes alone but for one row.
	err = s.r.QueryRowContext(ctx, `SELECT count(*),
			coalesce((SELECT created_at FROM notices WHERE platform = ?1 AND chat = ?2 AND sent_at IS NULL
				AND dead_at IS NULL ORDER BY id LIMIT 1), 0),
			(SELECT count(*) FROM notices WHERE dead_at IS NOT NULL AND platform = ?1 AND chat = ?2)
		FROM notices WHERE platform = ?1 AND chat = ?2 AND sent_at IS NULL AND dead_at IS NULL`,
		chat.Platform, chat.ID).Scan(&c.Waiting, &oldest, &c.Dead)
	c.Oldest = fromUnix(oldest)
	return c, err
}

// Move records the chat's new id.
func (s *Store) Move(ctx context.Context, chat Chat, to string) error {
	err := s.exec(ctx, `INSERT INTO chats (platform, chat, moved_to) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET moved_to = excluded.moved_to`, chat.Platform, chat.ID, to)
	return err
}

// fromUnix converts unix seconds; 0 becomes the zero time.
func fromUnix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// toUnix is the reverse of fromUnix.
func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// ceilUnix returns t in unix seconds, rounded up.
func ceilUnix(t time.Time) int64 { return t.Add(time.Second - 1).Unix() }
