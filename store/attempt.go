package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// Claim records that an attempt to send these notices to the chat, in one message with that nonce, is about to begin.
// It returns the ids that could be claimed; the others have been sent, given up or claimed by another caller meanwhile.
func (s *Store) Claim(ctx context.Context, nonce string, now time.Time, ids ...int64) (claimed []int64, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	err = s.writeUrgently(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `UPDATE notices SET claimed_at = ?, nonce = ?, attempts = attempts + 1,
			uploads = uploads - (uploads > 0)
			WHERE id IN (SELECT value FROM json_each(?)) AND sent_at IS NULL AND dead_at IS NULL AND claimed_at IS NULL
			RETURNING id`, now.Unix(), nonce, string(list))
		if err != nil {
			return err
		}
		if claimed, err = collect(rows, single[int64]); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO chats (platform, chat, tried_ms)
			SELECT DISTINCT platform, chat, ? FROM notices WHERE id IN (SELECT value FROM json_each(?))
			ON CONFLICT DO UPDATE SET tried_ms = excluded.tried_ms`, now.UnixMilli(), string(list))
		return err
	})
	return claimed, err
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

// Attempt is an attempt to send notices to a chat, at its end.
type Attempt struct {
	Chat    Chat
	IDs     []int64
	At      time.Time
	Outcome Outcome
	Reason  string // what went wrong

	Message string   // of one that was sent: the platform's id of it, "" if unknown
	Shown   []Notice // the notices as the chat sees them now

	Failed   bool          // it counts as a failure to reach the chat
	Hold     time.Duration // the chat is not to be sent anything for so long
	Held     Chat          // whom Hold concerns, if not Chat: Chat{Platform: p} is all chats of the platform
	NoUpload bool          // no picture was uploaded, though it was to be: this try does not count
}

// RecordAttempt records how an attempt ended and what follows from it, in one transaction, which waits for no write
// but the one that has begun. A hold is in force at once.
func (s *Store) RecordAttempt(ctx context.Context, a Attempt) error {
	if a.Held == (Chat{}) {
		a.Held = a.Chat
	}
	var h hold
	if a.Hold > 0 {
		h = s.holds.begin(a.Held, a.At, a.Hold)
	}
	return s.writeUrgently(ctx, func(tx *sql.Tx) error {
		if a.Hold > 0 {
			_, err := tx.ExecContext(ctx, setHold, a.Held.Platform, a.Held.ID, h.at.Unix(), ceilUnix(h.until))
			if err != nil {
				return err
			}
		}
		return errors.Join(
			recordOutcome(ctx, tx, a.Outcome, a.NoUpload, a.At, a.Reason, a.IDs),
			recordShown(ctx, tx, a.Message, a.Shown),
			a.recordChat(ctx, tx))
	})
}

// recordChat records what the attempt says of its chat: a delivery ends earlier failures.
func (a Attempt) recordChat(ctx context.Context, tx *sql.Tx) (err error) {
	switch {
	case a.Outcome == Sent:
		_, err = tx.ExecContext(ctx, `INSERT INTO chats (platform, chat, sent_at) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET sent_at = excluded.sent_at, failures = 0, failing_since = 0, error = ''`,
			a.Chat.Platform, a.Chat.ID, a.At.Unix())
	case a.Failed:
		_, err = tx.ExecContext(ctx, `INSERT INTO chats (platform, chat, failures, failing_since, error)
			VALUES (?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET failures = failures + 1,
			failing_since = iif(failing_since, failing_since, excluded.failing_since), error = excluded.error`,
			a.Chat.Platform, a.Chat.ID, a.At.Unix(), a.Reason)
	}
	return err
}

// RecordOutcome records how the attempt to send these notices ended; reason is what went wrong.
func (s *Store) RecordOutcome(ctx context.Context, outcome Outcome, now time.Time, reason string, ids ...int64) error {
	return s.writeUrgently(ctx, func(tx *sql.Tx) error {
		return recordOutcome(ctx, tx, outcome, false, now, reason, ids)
	})
}

func recordOutcome(
	ctx context.Context, tx *sql.Tx, outcome Outcome, noUpload bool, now time.Time, reason string, ids []int64,
) error {
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
	if noUpload {
		set += ", uploads = uploads + 1"
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE notices SET claimed_at = NULL, error = ?, "+set+
		" WHERE id IN (SELECT value FROM json_each(?))", reason, at, string(list))
	return err
}
