package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Chat is where messages go: a Telegram chat, a Discord channel, the terminal.
type Chat struct{ Platform, ID string }

func (c Chat) String() string {
	if c.ID == c.Platform {
		return c.ID
	}
	return c.Platform + " " + c.ID
}

// Notice is one row of the outbox: a message for one chat.
//
// It is posted in the same transaction as the facts it reports. It is claimed before every attempt, and the outcome is
// recorded after it; a claim without an outcome is an attempt that may have arrived.
type Notice struct {
	ID        int64
	Key       string // the fact it reports, unique for each chat: "ban/17", "digest/2026-11-22"
	Chat      Chat
	Body      string // JSON
	CreatedAt time.Time
	Nonce     string // of the last message it was in, while that may have arrived; else ""
	MaybeSent bool   // an attempt ended without a clear answer
	Alone     bool   // it is to share no message, since one that it shared was refused
}

// Post puts notices into the outbox, except those whose key the chat has had before.
// It returns how many were new.
func (s *Store) Post(ctx context.Context, notices ...Notice) (posted int, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		posted, err = post(ctx, tx, notices)
		return err
	})
	return posted, err
}

// PostAndSet posts notices and stores value under key, in one transaction.
func (s *Store) PostAndSet(ctx context.Context, key, value string, notices ...Notice) (posted int, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		if posted, err = post(ctx, tx, notices); err != nil {
			return err
		}
		return setMeta(ctx, tx, key, value)
	})
	return posted, err
}

func post(ctx context.Context, tx *sql.Tx, notices []Notice) (posted int, err error) {
	for _, n := range notices {
		res, err := tx.ExecContext(ctx, `INSERT INTO notices (key, platform, chat, body, created_at, maybe_sent)
			VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			n.Key, n.Chat.Platform, n.Chat.ID, n.Body, n.CreatedAt.Unix(), n.MaybeSent)
		if err != nil {
			return posted, fmt.Errorf("post %s: %w", n.Key, err)
		}
		added, err := res.RowsAffected()
		if err != nil {
			return posted, err
		}
		posted += int(added)
	}
	return posted, nil
}

// Posted reports whether a notice with that key was ever posted to the chat.
func (s *Store) Posted(ctx context.Context, key string, chat Chat) (bool, error) {
	var posted bool
	err := s.r.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM notices WHERE key = ? AND platform = ? AND chat = ?)",
		key, chat.Platform, chat.ID).Scan(&posted)
	return posted, err
}

// PutAsideAfter gives other keys to the notices whose keys begin with prefix and come after key, which itself begins
// with prefix, and those that begin with key. Posted by a clock that was ahead, they would keep their days from having
// notices of their own.
func (s *Store) PutAsideAfter(ctx context.Context, prefix, key string) error {
	const last = "\U0010FFFF"
	_, err := s.w.ExecContext(ctx, "UPDATE notices SET key = 'early/' || id || '/' || key WHERE key > ? AND key < ?",
		key+last, prefix+last)
	return err
}

// LatestNotice returns the notice that was posted last of those whose key begins with prefix, of any chat that has it;
// the zero Notice if there is none.
func (s *Store) LatestNotice(ctx context.Context, prefix string) (n Notice, err error) {
	var created int64
	err = s.r.QueryRowContext(ctx, `SELECT id, key, platform, chat, body, created_at FROM notices
		WHERE key >= ? AND key < ? ORDER BY id DESC LIMIT 1`, prefix, prefix+"\U0010FFFF").
		Scan(&n.ID, &n.Key, &n.Chat.Platform, &n.Chat.ID, &n.Body, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return Notice{}, nil
	}
	n.CreatedAt = time.Unix(created, 0)
	return n, err
}

const openNotices = "platform = ? AND chat = ? AND sent_at IS NULL AND dead_at IS NULL AND claimed_at IS NULL"

// Due returns up to limit of the chat's oldest unsent notices; none while the chat is blocked.
func (s *Store) Due(ctx context.Context, chat Chat, now time.Time, limit int) ([]Notice, error) {
	return s.notices(ctx, `SELECT id, key, body, created_at, nonce, maybe_sent, alone FROM notices WHERE `+openNotices+`
		AND NOT EXISTS (SELECT 1 FROM chats WHERE platform = ? AND chat IN ('', ?) AND blocked_until > ?)
		ORDER BY id LIMIT ?`, chat, chat.Platform, chat.ID, chat.Platform, chat.ID, now.Unix(), limit)
}

// Claim records that an attempt to send these notices, in one message with that nonce, is about to begin. It returns
// the ids that could be claimed; the others have been sent, given up or claimed by another caller meanwhile.
func (s *Store) Claim(ctx context.Context, nonce string, now time.Time, ids ...int64) ([]int64, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.w.QueryContext(ctx, `UPDATE notices SET claimed_at = ?, nonce = ?, attempts = attempts + 1
		WHERE id IN (SELECT value FROM json_each(?)) AND sent_at IS NULL AND dead_at IS NULL AND claimed_at IS NULL
		RETURNING id`, now.Unix(), nonce, string(list))
	if err != nil {
		return nil, err
	}
	return collect(rows, single[int64])
}

// Outcome is how an attempt ended.
type Outcome int

// Outcomes of an attempt.
const (
	Sent       Outcome = iota // the platform confirmed it
	NotSent                   // certainly not sent
	Unclear                   // no answer: it may have been sent
	Refused                   // it can never be sent: given up
	Separately                // refused together with others: to be tried in a message of its own
)

// RecordOutcome records how the attempt to send these notices ended; reason is what went wrong.
func (s *Store) RecordOutcome(ctx context.Context, outcome Outcome, now time.Time, reason string, ids ...int64) error {
	set, at := "", any(nil)
	switch outcome {
	case Sent:
		set, at = "sent_at = ?", now.Unix()
	case Refused:
		set, at = "dead_at = ?", now.Unix()
	case Unclear:
		set, at = "maybe_sent = ?", 1
	case NotSent: // an earlier attempt may still have arrived, whatever happens to later ones
		set, at = "nonce = iif(maybe_sent, nonce, ?)", ""
	case Separately:
		set, at = "alone = 1, nonce = ?", ""
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = s.w.ExecContext(ctx, "UPDATE notices SET claimed_at = NULL, error = ?, "+set+
		" WHERE id IN (SELECT value FROM json_each(?))", reason, at, string(list))
	return err
}

// Recover releases the claims that an earlier process left without an outcome: those notices may have been sent.
// It must not run while another process delivers.
func (s *Store) Recover(ctx context.Context) error {
	_, err := s.w.ExecContext(ctx, `UPDATE notices SET claimed_at = NULL, maybe_sent = 1
		WHERE claimed_at IS NOT NULL AND sent_at IS NULL`)
	return err
}

func (s *Store) notices(ctx context.Context, query string, chat Chat, args ...any) ([]Notice, error) {
	rows, err := s.r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (Notice, error) {
		n := Notice{Chat: chat}
		var created int64
		err := rows.Scan(&n.ID, &n.Key, &n.Body, &created, &n.Nonce, &n.MaybeSent, &n.Alone)
		n.CreatedAt = time.Unix(created, 0)
		return n, err
	})
}
