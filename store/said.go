package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// Said is what one of two bots with one voice tells the other of an attempt to tell something to a chat: before it, and
// when its outcome is known.
type Said struct {
	Attempt  string `json:"attempt"` // names it
	Platform string `json:"platform"`
	Chat     string `json:"chat"`
	Fates    []Fate `json:"fates"`
	Tried    int64  `json:"tried,omitempty"`    // unix milliseconds of the last attempt at the chat
	Held     int64  `json:"held,omitempty"`     // seconds for which the chat must get nothing
	HeldAll  int64  `json:"held_all,omitempty"` // the same of all chats of the platform
}

// Fate is what has become of a notice.
type Fate struct {
	Key     string    `json:"key"`
	State   FateState `json:"state"`
	At      int64     `json:"at,omitempty"`    // of FateTold and FateGivenUp: unix seconds
	Maybe   bool      `json:"maybe,omitempty"` // as Notice.MaybeSent
	Alone   bool      `json:"alone,omitempty"`
	Nonce   string    `json:"nonce,omitempty"`
	Message string    `json:"message,omitempty"`
	Stale   bool      `json:"stale,omitempty"` // of FateTold: its message does not show yet what it says now
	Error   string    `json:"error,omitempty"`
	Uploads int       `json:"uploads,omitempty"`

	// Of a notice that the other bot may not make by itself.
	Created int64  `json:"created,omitempty"`
	Body    string `json:"body,omitempty"`
	Sets    Values `json:"sets,omitempty"`
	OfBan   bool   `json:"of_ban,omitempty"` // the other bot makes it, too, once it has read and judged the ban
}

// FateState is how far a notice has come.
type FateState string

// The states of a notice that was attempted.
const (
	FateBegun   FateState = "begun" // it may have been sent by now
	FateOpen    FateState = "open"
	FateTold    FateState = "told"
	FateGivenUp FateState = "given up"
)

// Values are values by their keys, kept as JSON.
type Values map[string]string

// Value implements driver.Valuer.
func (v Values) Value() (driver.Value, error) {
	if v == nil {
		return "{}", nil
	}
	b, err := json.Marshal(map[string]string(v))
	return string(b), err
}

// Relayed is what a bot hears of the other: of an attempt, or of a value that travels with the voice.
type Relayed struct {
	Said       *Said
	Key, Value string

	// Own is set for what an earlier run of this bot has said itself. What the database knows since then is newer.
	Own bool
}

// Owe records that the other bot is to be told the outcome of the attempt at these notices, and returns what it is to
// be told before.
func (s *Store) Owe(ctx context.Context, attempt string, ids ...int64) (said Said, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return said, err
	}
	err = s.writeUrgently(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE notices SET owed = ? WHERE id IN (SELECT value FROM json_each(?))",
			attempt, string(list))
		if err != nil {
			return err
		}
		all, err := s.owed(ctx, tx, "WHERE owed = ?", attempt)
		if err == nil && len(all) == 1 {
			said = all[0]
		}
		return err
	})
	return said, err
}

// Owed returns the attempts whose outcomes are known and which the other bot is to be told of.
func (s *Store) Owed(ctx context.Context) ([]Said, error) {
	return s.owed(ctx, s.r, "WHERE owed <> '' AND claimed_at IS NULL")
}

func (s *Store) owed(ctx context.Context, db querier, where string, args ...any) (all []Said, err error) {
	rows, err := db.QueryContext(ctx, `SELECT owed, platform, chat, key, claimed_at IS NOT NULL, coalesce(sent_at, 0),
		coalesce(dead_at, 0), maybe_sent, alone, nonce, message, shown < revision, error, uploads, created_at,
		iif(ban_id > 0, json_remove(body, '$.ban.id'), body), sets, ban_id > 0 OR substr(key, 1, 6) = 'whois/' FROM notices `+where+` ORDER BY owed, id`, args...)
	if err != nil {
		return nil, err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var of Said
		var f Fate
		var claimed bool
		var sent, dead int64
		var sets string
		err = rows.Scan(&of.Attempt, &of.Platform, &of.Chat, &f.Key, &claimed, &sent, &dead, &f.Maybe, &f.Alone, &f.Nonce,
			&f.Message, &f.Stale, &f.Error, &f.Uploads, &f.Created, &f.Body, &sets, &f.OfBan)
		if err != nil {
			return none, err
		}
		f.State = FateOpen
		switch {
		case sent > 0:
			f.State, f.At = FateTold, sent
		case dead > 0:
			f.State, f.At = FateGivenUp, dead
		case claimed:
			f.State = FateBegun
		}
		if f.OfBan && f.State == FateTold {
			f.Created, f.Body = 0, ""
		}
		if err := json.Unmarshal([]byte(sets), &f.Sets); err != nil {
			return none, err
		}
		if last := len(all) - 1; last < 0 || all[last].Attempt != of.Attempt {
			all = append(all, of)
		}
		last := &all[len(all)-1]
		last.Fates = append(last.Fates, f)
		return none, nil
	})
	now := time.Now()
	for i := range all {
		if err == nil {
			err = s.addHolds(ctx, db, &all[i], now)
		}
	}
	return all, err
}

// addHolds adds for how long the chat must get nothing. The holds in memory are newer than those of the database.
func (s *Store) addHolds(ctx context.Context, db querier, of *Said, now time.Time) error {
	chat := Chat{of.Platform, of.Chat}
	left := func(c Chat) int64 {
		s.holds.mu.Lock()
		defer s.holds.mu.Unlock()
		return int64(s.holds.known[c].left(now) / time.Second)
	}
	of.Held, of.HeldAll = left(chat), left(Chat{Platform: of.Platform})
	rows, err := db.QueryContext(ctx, "SELECT tried_ms FROM chats WHERE platform = ? AND chat = ?", of.Platform, of.Chat)
	if err != nil {
		return err
	}
	tried, err := collect(rows, single[int64])
	if len(tried) > 0 {
		of.Tried = tried[0]
	}
	return err
}

// Paid records that the other bot was told of an attempt.
func (s *Store) Paid(ctx context.Context, attempt string) error {
	return s.exec(ctx, "UPDATE notices SET owed = '' WHERE owed = ? AND claimed_at IS NULL", attempt)
}

// Hear keeps what the other bot has said, in its order, and how far it was heard.
func (s *Store) Hear(ctx context.Context, key, position string, all ...Relayed) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		for _, h := range all {
			err := error(nil)
			if h.Said != nil {
				err = s.hear(ctx, tx, h)
			} else if h.Key != "" {
				err = setValues(ctx, tx, map[string]string{h.Key: h.Value})
			}
			if err != nil {
				return err
			}
		}
		return setMeta(ctx, tx, key, position)
	})
	if err != nil {
		return fmt.Errorf("keep what the other bot has said: %w", err)
	}
	return nil
}

func (s *Store) hear(ctx context.Context, tx *sql.Tx, h Relayed) error {
	chat, now := Chat{h.Said.Platform, h.Said.Chat}, time.Now()
	for _, f := range h.Said.Fates {
		if err := hearFate(ctx, tx, chat, f, h.Own, now); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO chats (platform, chat, tried_ms) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET tried_ms = max(tried_ms, excluded.tried_ms)`, chat.Platform, chat.ID, h.Said.Tried)
	if err != nil {
		return err
	}
	for held, seconds := range map[Chat]int64{chat: h.Said.Held, {Platform: chat.Platform}: h.Said.HeldAll} {
		if seconds == 0 {
			continue
		}
		hold := s.holds.begin(held, now, time.Duration(seconds)*time.Second)
		_, err := tx.ExecContext(ctx, setHold, held.Platform, held.ID, hold.at.Unix(), ceilUnix(hold.until))
		if err != nil {
			return err
		}
	}
	return nil
}

// hearFate applies what has become of a notice. One that this bot makes by itself may not be there yet.
func hearFate(ctx context.Context, tx *sql.Tx, chat Chat, f Fate, own bool, now time.Time) error {
	rows, err := tx.QueryContext(ctx, `SELECT CASE WHEN ?4 AND (owed <> '' OR sent_at IS NOT NULL OR dead_at IS NOT NULL)
		THEN 0 ELSE id END FROM notices WHERE key = ?1 AND platform = ?2 AND chat = ?3`, f.Key, chat.Platform, chat.ID, own)
	if err != nil {
		return err
	}
	ids, err := collect(rows, single[int64])
	switch {
	case err != nil:
		return err
	case len(ids) > 0 && ids[0] == 0: // the database is newer
		return nil
	case len(ids) > 0:
		return applyFate(ctx, tx, ids[0], f)
	case f.Body == "" || f.OfBan:
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO heard (key, platform, chat, at, fate) VALUES (?, ?, ?, ?, ?)",
			f.Key, chat.Platform, chat.ID, now.Unix(), string(text))
		return err
	}
	return takeUp(ctx, tx, chat, f)
}

// takeUp posts a notice that the other bot has made.
func takeUp(ctx context.Context, tx *sql.Tx, chat Chat, f Fate) (err error) {
	var id int64
	err = tx.QueryRowContext(ctx, `INSERT INTO notices (key, platform, chat, body, created_at, uploads)
		VALUES (?, ?, ?, ?, ?, ?) RETURNING id`, f.Key, chat.Platform, chat.ID, f.Body, f.Created, f.Uploads).Scan(&id)
	if err == nil && len(f.Sets) > 0 {
		err = setValues(ctx, tx, f.Sets)
	}
	if err != nil {
		return err
	}
	return applyFate(ctx, tx, id, f)
}

// applyFate has a notice be what the other bot says of it. What was told stays so, whatever is tried again.
func applyFate(ctx context.Context, tx *sql.Tx, id int64, f Fate) (err error) {
	switch f.State {
	case FateTold:
		_, err = tx.ExecContext(ctx, `UPDATE notices SET sent_at = ?, dead_at = NULL, claimed_at = NULL, owed = '', nonce = ?,
			maybe_sent = ?, message = ?, shown = revision - ? WHERE id = ?`, f.At, f.Nonce, f.Maybe, f.Message, f.Stale, id)
	case FateGivenUp:
		_, err = tx.ExecContext(ctx, `UPDATE notices SET dead_at = ?, claimed_at = NULL, owed = '', error = ?
			WHERE id = ? AND sent_at IS NULL`, f.At, f.Error, id)
	default:
		_, err = tx.ExecContext(ctx, `UPDATE notices SET claimed_at = NULL, owed = '', nonce = ?, maybe_sent = ?, alone = ?,
			uploads = min(uploads, ?), error = ? WHERE id = ? AND sent_at IS NULL AND dead_at IS NULL`,
			f.Nonce, f.Maybe || f.State == FateBegun, f.Alone, f.Uploads, f.Error, id)
	}
	return err
}

// recallFate applies to a new notice what was heard of it before.
func recallFate(ctx context.Context, tx *sql.Tx, n Notice) error {
	rows, err := tx.QueryContext(ctx, `DELETE FROM heard WHERE key = ? AND platform = ? AND chat = ? RETURNING fate`,
		n.Key, n.Chat.Platform, n.Chat.ID)
	if err != nil {
		return err
	}
	fates, err := collect(rows, single[string])
	if err != nil || len(fates) == 0 {
		return err
	}
	var f Fate
	if err := json.Unmarshal([]byte(fates[0]), &f); err != nil {
		return err
	}
	return hearFate(ctx, tx, n.Chat, f, false, time.Now())
}

// TakeUp posts the alerts that the other bot was about to tell when it was last heard of before a time, and that this
// bot has not made since: it judges otherwise, or lacks the ban. It returns how many they are.
func (s *Store) TakeUp(ctx context.Context, before time.Time) (n int, err error) {
	const open = "FROM heard WHERE at < ?1 AND fate ->> 'state' IN ('begun', 'open') AND fate ->> 'body' <> ''"
	var some bool
	if err := s.r.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 "+open+")", before.Unix()).Scan(&some); err != nil || !some {
		return 0, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "DELETE "+open+" RETURNING platform, chat, fate", before.Unix())
		if err != nil {
			return err
		}
		_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
			var chat Chat
			var text string
			var f Fate
			if err := rows.Scan(&chat.Platform, &chat.ID, &text); err != nil {
				return none, err
			}
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				return none, err
			}
			n++
			return none, takeUp(ctx, tx, chat, f)
		})
		return err
	})
	return n, err
}

// ForgetHeard forgets what was heard before a time of alerts that this bot has never made.
func (s *Store) ForgetHeard(ctx context.Context, before time.Time) error {
	return s.exec(ctx, "DELETE FROM heard WHERE at < ?", before.Unix())
}

// Unsay takes back what was posted of how things are and never attempted, so that the bot that speaks from now on tells
// how it finds them.
func (s *Store) Unsay(ctx context.Context) error {
	const which = `FROM notices WHERE sent_at IS NULL AND dead_at IS NULL AND claimed_at IS NULL AND attempts = 0
		AND maybe_sent = 0 AND (key GLOB 'health/*' AND sets <> '{}' OR key GLOB 'digest/*')`
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key IN
			(SELECT v.key FROM (SELECT sets `+which+`) n, json_each(n.sets) v WHERE v.value <> '')`)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE "+which)
		return err
	})
}
