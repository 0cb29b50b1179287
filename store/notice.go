package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Chat is where messages go: a Telegram chat, a Discord channel, the alias of a topic or of a URL, the terminal.
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
	Key       string // the fact it reports, unique for each chat: "ban/" and Ban.Ref, "digest/2026-11-22"
	Chat      Chat
	Body      string // JSON
	CreatedAt time.Time
	Nonce     string // of the last message it was in, while that may have arrived; else ""
	MaybeSent bool   // an attempt ended without a clear answer
	Alone     bool   // it is to share no message, since one that it shared was refused
	Topic     string // what alerts that are told together have in common; "": it is told by itself
	Message   string // the platform's id of the message in which it was sent, "" if unknown
	Revision  int    // how often the body has changed
	Edits     int    // attempts to show the chat a change
	Ban       int64  // of an alert: its ban
	Sets      Values // what is kept when another bot hears that it was told
	Uploads   int    // how many more attempts may carry its picture; 0: it is sent in words
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
		res, err := tx.ExecContext(ctx, `INSERT INTO notices (key, platform, chat, body, created_at, maybe_sent, uploads,
			topic, ban_id, sets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			n.Key, n.Chat.Platform, n.Chat.ID, n.Body, n.CreatedAt.Unix(), n.MaybeSent, n.Uploads, n.Topic, n.Ban, n.Sets)
		if err != nil {
			return posted, fmt.Errorf("post %s: %w", n.Key, err)
		}
		added, err := res.RowsAffected()
		if err != nil {
			return posted, err
		}
		posted += int(added)
		if added > 0 {
			if err := recallFate(ctx, tx, n); err != nil {
				return posted, fmt.Errorf("post %s: %w", n.Key, err)
			}
		}
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

// NonceOf returns the nonce of the message in which the notice with that key has gone to the chat; "" if none has.
func (s *Store) NonceOf(ctx context.Context, key string, chat Chat) (nonce string, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT nonce FROM notices WHERE key = ? AND platform = ? AND chat = ?",
		key, chat.Platform, chat.ID).Scan(&nonce)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return nonce, err
}

// InMessage returns the notices of the chat's message that holds the alert of the ban, in their order; none if it is
// not known in which message that was.
func (s *Store) InMessage(ctx context.Context, ban int64, chat Chat) ([]Notice, error) {
	return s.notices(ctx, "SELECT "+noticeColumns+"WHERE "+ofChat+`n.message <> '' AND n.message =
		(SELECT message FROM notices WHERE ban_id = ?3 AND ban_id > 0 AND platform = ?1 AND chat = ?2) ORDER BY n.id`,
		chat, ban)
}

// PutAsideAfter gives other keys to the notices whose keys begin with prefix and come after key, which itself begins
// with prefix, and those that begin with key. Posted by a clock that was ahead, they would keep their days from having
// notices of their own.
func (s *Store) PutAsideAfter(ctx context.Context, prefix, key string) error {
	const last = "\U0010FFFF"
	err := s.exec(ctx, "UPDATE notices SET key = 'early/' || id || '/' || key WHERE key > ? AND key < ?",
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

// Recover releases the claims that an earlier process left without an outcome: those notices may have been sent.
// It must not run while another process delivers.
func (s *Store) Recover(ctx context.Context) error {
	err := s.exec(ctx, `UPDATE notices SET claimed_at = NULL, maybe_sent = 1
		WHERE claimed_at IS NOT NULL AND sent_at IS NULL`)
	return err
}
