package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Act is one thing that somebody has asked to be done to a Fail2Ban. It is kept before it is asked about, before it is
// confirmed, before it is tried, and when it is done, so that nothing is ever done twice without a word.
type Act struct {
	ID      int64
	Token   string // random; one for all acts of a question
	Verb    string // "unban", "trust", "untrust"
	Source  string
	Jail    string        // of unban
	Address string        // or a network, as a CIDR
	For     time.Duration // of trust
	Ban     int64         // the ban whose alert tells of it; 0: none
	Chat    Chat          // where it was asked for; zero: on the command line
	User    string        // the platform's number of who asked
	Name    string        // what that person is called there, cleaned

	AskedAt, ConfirmedAt, TriedAt, DoneAt time.Time // zero: not yet

	Outcome ActOutcome
	Answer  string // what Fail2Ban said to it, cleaned
}

// ActOutcome is what has become of an act; "" until it is done.
type ActOutcome string

// The outcomes of acts.
const (
	ActDone    ActOutcome = "ok"
	ActRefused ActOutcome = "no"      // it was certainly not done
	ActUnclear ActOutcome = "unclear" // it may have been done
)

// confirmWithin is how long a question waits for its yes.
const confirmWithin = 2 * time.Minute

// AskActs keeps the acts of one question until it is confirmed. Questions that nobody has confirmed in time go.
func (s *Store) AskActs(ctx context.Context, acts ...Act) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM acts WHERE confirmed_at IS NULL AND asked_at < ?",
			time.Now().Add(-confirmWithin).Unix())
		if err != nil {
			return err
		}
		for i := range acts {
			if _, err := ask(ctx, tx, &acts[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func ask(ctx context.Context, tx *sql.Tx, a *Act) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO acts (token, verb, source, jail, address, seconds, ban_id, platform,
		chat, user, name, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, a.Token, a.Verb, a.Source, a.Jail,
		a.Address, int64(a.For/time.Second), a.Ban, a.Chat.Platform, a.Chat.ID, a.User, a.Name, a.AskedAt.Unix()).Scan(&id)
	return id, err
}

// ConfirmActs confirms the acts of a question, once: only who asked may, there, and within two minutes. It returns how
// many they are; 0: there is no such question, or no longer.
func (s *Store) ConfirmActs(
	ctx context.Context, token string, chat Chat, user string, now time.Time,
) (n int64, err error) {
	err = s.writeUrgently(ctx, func(tx *sql.Tx) error {
		confirmed, err := tx.ExecContext(ctx, `UPDATE acts SET confirmed_at = ?1 WHERE token = ?2 AND confirmed_at IS NULL
			AND platform = ?3 AND chat = ?4 AND user = ?5 AND asked_at BETWEEN ?6 AND ?1`,
			now.Unix(), token, chat.Platform, chat.ID, user, now.Add(-confirmWithin).Unix())
		if err != nil {
			return err
		}
		n, err = confirmed.RowsAffected()
		return err
	})
	return n, err
}

// DropActs forgets a question that was not confirmed. It returns the acts that it was about.
func (s *Store) DropActs(ctx context.Context, token string, chat Chat, user string) (dropped []Act, err error) {
	dropped, err = s.acts(ctx, "WHERE token = ? AND confirmed_at IS NULL AND platform = ? AND chat = ? AND user = ?",
		token, chat.Platform, chat.ID, user)
	if err != nil || len(dropped) == 0 {
		return nil, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		gone, err := tx.ExecContext(ctx, "DELETE FROM acts WHERE token = ? AND confirmed_at IS NULL", token)
		if err != nil {
			return err
		}
		if n, err := gone.RowsAffected(); err != nil || n > 0 {
			return err
		}
		dropped = nil // it was confirmed meanwhile
		return nil
	})
	return dropped, err
}

// TryAct claims the act for the one attempt at it, and reports false if that was made already.
func (s *Store) TryAct(ctx context.Context, id int64, now time.Time) (claimed bool, err error) {
	err = s.writeUrgently(ctx, func(tx *sql.Tx) error {
		tried, err := tx.ExecContext(ctx, `UPDATE acts SET tried_at = ? WHERE id = ? AND tried_at IS NULL
			AND confirmed_at IS NOT NULL AND done_at IS NULL`, now.Unix(), id)
		if err != nil {
			return err
		}
		n, err := tried.RowsAffected()
		claimed = n > 0
		return err
	})
	return claimed, err
}

// EndAct keeps what has become of an act, and has its alert told anew.
func (s *Store) EndAct(ctx context.Context, a Act) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE acts SET done_at = ?, outcome = ?, answer = ?
			WHERE id = ? AND done_at IS NULL`, a.DoneAt.Unix(), a.Outcome, a.Answer, a.ID)
		return errors.Join(err, retell(ctx, tx, a.Ban))
	})
}

// LeaveActs records that nobody waits for the answers to a question any more: they are to be told. It reports false if
// all are there, so that they can be told at once; who is stopping cannot.
func (s *Store) LeaveActs(ctx context.Context, token string, stopping bool) (left bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE acts SET late = 1 WHERE token = ?1
			AND (?2 OR EXISTS (SELECT 1 FROM acts WHERE token = ?1 AND done_at IS NULL))`, token, stopping)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		left = n > 0
		return err
	})
	return left, err
}

// LateActs returns the questions whose answers nobody has waited for, and which are all there now.
func (s *Store) LateActs(ctx context.Context) (tokens []string, err error) {
	rows, err := s.r.QueryContext(ctx, `SELECT DISTINCT token FROM acts a WHERE late = 1
		AND NOT EXISTS (SELECT 1 FROM acts WHERE token = a.token AND done_at IS NULL)`)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}

// TellActs posts the notices of such a question, once.
func (s *Store) TellActs(ctx context.Context, token string, notices ...Notice) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		told, err := tx.ExecContext(ctx, "UPDATE acts SET late = 2 WHERE token = ? AND late = 1", token)
		if err != nil {
			return err
		}
		if n, err := told.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = post(ctx, tx, notices)
		return err
	})
}

// OpenActs returns the acts at a source that are confirmed and not done, in the order in which they were asked for.
// Those that were tried may have been done: an earlier process has ended over them.
func (s *Store) OpenActs(ctx context.Context, source string) ([]Act, error) {
	return s.acts(ctx, "WHERE source = ? AND confirmed_at IS NOT NULL AND done_at IS NULL ORDER BY id", source)
}

// ActsByToken returns the acts of a question.
func (s *Store) ActsByToken(ctx context.Context, token string) ([]Act, error) {
	return s.acts(ctx, "WHERE token = ? AND token <> '' ORDER BY id", token)
}

// ActsTyped returns the acts of the command line at a source that have ended since then.
func (s *Store) ActsTyped(ctx context.Context, source string, since time.Time) ([]Act, error) {
	return s.acts(ctx, "WHERE source = ? AND platform = '' AND done_at >= ? ORDER BY id", source, since.Unix())
}

// ActsOfBan returns the acts that the alert of a ban tells of: those that are done, or were at least tried.
func (s *Store) ActsOfBan(ctx context.Context, ban int64) ([]Act, error) {
	return s.acts(ctx, "WHERE ban_id = ? AND ban_id <> 0 AND tried_at IS NOT NULL ORDER BY id", ban)
}

// LatestActs returns up to limit acts that were tried or refused, newest first.
func (s *Store) LatestActs(ctx context.Context, limit int) ([]Act, error) {
	return s.acts(ctx, "WHERE coalesce(tried_at, done_at) IS NOT NULL ORDER BY id DESC LIMIT ?", limit)
}

// ActsDone returns the acts that were done, or may have been, in the window.
func (s *Store) ActsDone(ctx context.Context, w Window) ([]Act, error) {
	return s.acts(ctx, "WHERE done_at >= ? AND done_at < ? AND outcome <> 'no' ORDER BY id", w.from(), w.to())
}

// Trusted returns what is trusted now, as far as it was asked for here: the latest act about each address and source.
func (s *Store) Trusted(ctx context.Context, now time.Time) ([]Act, error) {
	return s.acts(ctx, `WHERE verb = 'trust' AND outcome <> 'no' AND coalesce(done_at, tried_at) + seconds > ?
		AND NOT EXISTS (SELECT 1 FROM acts l WHERE l.address = acts.address AND l.source = acts.source AND l.id > acts.id
			AND l.verb IN ('trust', 'untrust') AND l.outcome = 'ok') ORDER BY id DESC`, now.Unix())
}

const actColumns = `SELECT id, token, verb, source, jail, address, seconds, ban_id, platform, chat, user, name,
	asked_at, coalesce(confirmed_at, 0), coalesce(tried_at, 0), coalesce(done_at, 0), outcome, answer FROM acts `

func (s *Store) acts(ctx context.Context, where string, args ...any) ([]Act, error) {
	rows, err := s.r.QueryContext(ctx, actColumns+where, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (a Act, err error) {
		var seconds, asked, confirmed, tried, done int64
		err = rows.Scan(&a.ID, &a.Token, &a.Verb, &a.Source, &a.Jail, &a.Address, &seconds, &a.Ban, &a.Chat.Platform,
			&a.Chat.ID, &a.User, &a.Name, &asked, &confirmed, &tried, &done, &a.Outcome, &a.Answer)
		a.For = time.Duration(seconds) * time.Second
		a.AskedAt, a.ConfirmedAt = fromUnix(asked), fromUnix(confirmed)
		a.TriedAt, a.DoneAt = fromUnix(tried), fromUnix(done)
		return a, err
	})
}

// purgeActs forgets the acts that nobody needs any more: those from before the day, and those about bans that are gone.
func purgeActs(ctx context.Context, tx *sql.Tx, day int64) error {
	gone, err := tx.ExecContext(ctx, `DELETE FROM acts WHERE asked_at < ?
		OR ban_id <> 0 AND NOT EXISTS (SELECT 1 FROM bans WHERE id = ban_id)`, day)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM retold WHERE ban_id NOT IN (SELECT id FROM bans)")
	return errors.Join(err, markDirty(ctx, tx, gone))
}
