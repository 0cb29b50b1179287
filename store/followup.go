package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// saveFollowUps records that these bans were alerted before whois had answered.
func saveFollowUps(ctx context.Context, tx *sql.Tx, bans []int64, now time.Time) error {
	if len(bans) == 0 {
		return nil
	}
	list, err := json.Marshal(bans)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR IGNORE INTO followups (ban_id, address_id, told_at, answered)
		SELECT b.id, b.address_id, ?, a.whois_at IS NOT NULL FROM bans b JOIN addresses a ON a.id = b.address_id
		WHERE b.id IN (SELECT value FROM json_each(?))`, now.Unix(), string(list))
	return err
}

// answerFollowUps records that whois has answered about the address.
func answerFollowUps(ctx context.Context, tx *sql.Tx, address int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE followups SET answered = 1 WHERE address_id = ? AND answered = 0", address)
	return err
}

// FollowUps returns up to limit bans that were alerted before whois had answered about their addresses, and of which
// it has answered since. Those that were alerted before deadline are forgotten.
func (s *Store) FollowUps(ctx context.Context, deadline time.Time, limit int) ([]EnrichedBan, error) {
	var late bool
	err := s.r.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM followups WHERE told_at < ?)", deadline.Unix()).
		Scan(&late)
	if err != nil {
		return nil, err
	}
	if late {
		if err := s.exec(ctx, "DELETE FROM followups WHERE told_at < ?", deadline.Unix()); err != nil {
			return nil, err
		}
	}
	return s.enriched(ctx, `WHERE b.id IN (SELECT ban_id FROM followups WHERE answered = 1 ORDER BY ban_id LIMIT ?)
		ORDER BY b.id`, limit)
}

// FollowUp saves what has become of the notices about these bans now that whois has answered: revised replace the
// bodies of those of the same ban and chat, and others are posted.
func (s *Store) FollowUp(ctx context.Context, bans []int64, revised, others []Notice) error {
	list, err := json.Marshal(bans)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM followups WHERE ban_id IN (SELECT value FROM json_each(?))",
			string(list))
		if err != nil {
			return err
		}
		if err := revise(ctx, tx, revised); err != nil {
			return err
		}
		_, err = post(ctx, tx, others)
		return err
	})
}

// revise replaces the bodies of the alerts of the same ban and chat. Those that were sent are to be changed in place.
func revise(ctx context.Context, tx *sql.Tx, revised []Notice) error {
	for _, n := range revised {
		_, err := tx.ExecContext(ctx, `UPDATE notices SET body = ?, revision = revision + 1
			WHERE ban_id = ? AND ban_id > 0 AND platform = ? AND chat = ? AND body <> ?1 AND dead_at IS NULL`,
			n.Body, n.Ban, n.Chat.Platform, n.Chat.ID)
		if err != nil {
			return fmt.Errorf("revise %s: %w", n.Key, err)
		}
	}
	return nil
}

// Revised returns the notices of one message of the chat whose text has changed since it was sent, in the order in
// which they were sent; nil if there is none.
func (s *Store) Revised(ctx context.Context, chat Chat) ([]Notice, error) {
	var message string
	var id int64
	err := s.r.QueryRowContext(ctx, `SELECT id, message FROM notices WHERE platform = ? AND chat = ?
		AND shown < revision AND sent_at IS NOT NULL ORDER BY id LIMIT 1`, chat.Platform, chat.ID).Scan(&id, &message)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case message == "":
		return s.notices(ctx, "SELECT "+noticeColumns+"WHERE "+ofChat+"n.id = ?3", chat, id)
	}
	return s.notices(ctx, "SELECT "+noticeColumns+"WHERE "+ofChat+"n.message = ?3 ORDER BY n.id", chat, message)
}

// TryEdit counts an attempt to show the chat these notices as they are now.
func (s *Store) TryEdit(ctx context.Context, ids ...int64) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	err = s.exec(ctx,
		"UPDATE notices SET edits = edits + 1 WHERE id IN (SELECT value FROM json_each(?))", string(list))
	return err
}

// Shown records that the chat has seen these notices as they were when they were read, or will not see them any more.
// The next change of them has its attempts anew.
func (s *Store) Shown(ctx context.Context, notices ...Notice) error {
	err := s.exec(ctx, `UPDATE notices SET shown = v.value, edits = 0 FROM json_each(?) v
		WHERE notices.id = CAST(v.key AS INTEGER)`, revisions(notices))
	return err
}

// revisions returns the revisions of notices by their ids, as a JSON object.
func revisions(notices []Notice) string {
	var b strings.Builder
	for i, n := range notices {
		fmt.Fprintf(&b, `%c"%d":%d`, "{,"[min(i, 1)], n.ID, n.Revision)
	}
	return b.String() + "}"
}

// recordShown records that the chat sees the notices as they were when they were read, in the message with that id.
func recordShown(ctx context.Context, tx *sql.Tx, message string, notices []Notice) error {
	if len(notices) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE notices SET message = ?, shown = v.value FROM json_each(?) v
		WHERE notices.id = CAST(v.key AS INTEGER)`, message, revisions(notices))
	return err
}
