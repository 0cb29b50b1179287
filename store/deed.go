package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Deed is what a person has done by command while another bot spoke: an act, or a mark.
type Deed struct {
	Key  string // under which it is kept as a value, until it is learned
	Ban  int64  // the row that its ban has here; 0: it is about none
	Act  *Act   // nil: the ban was marked
	Mark *Mark  // nil: the mark was taken away
}

// Learn keeps the deeds, each once, and forgets their values. The alerts of their bans are told anew.
func (s *Store) Learn(ctx context.Context, deeds ...Deed) error {
	if len(deeds) == 0 {
		return nil
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		learned := make(map[string]string, len(deeds))
		for _, d := range deeds {
			learned[d.Key] = ""
			if err := learnDeed(ctx, tx, d); err != nil {
				return err
			}
		}
		return setValues(ctx, tx, learned)
	})
	if err != nil {
		return fmt.Errorf("keep what was done by the other bot: %w", err)
	}
	return nil
}

func learnDeed(ctx context.Context, tx *sql.Tx, d Deed) error {
	if d.Act == nil {
		return setMark(ctx, tx, d.Ban, d.Mark)
	}
	a := *d.Act
	a.Ban = d.Ban
	var known bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM acts
		WHERE token = ? AND verb = ? AND source = ? AND jail = ? AND address = ?)`, a.Token, a.Verb, a.Source, a.Jail, a.Address).
		Scan(&known)
	if err != nil || known {
		return err
	}
	id, err := ask(ctx, tx, &a)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE acts SET confirmed_at = nullif(?, 0), tried_at = nullif(?, 0), done_at = nullif(?, 0),
		outcome = ?, answer = ? WHERE id = ?`, toUnix(a.ConfirmedAt), toUnix(a.TriedAt), toUnix(a.DoneAt), a.Outcome, a.Answer, id)
	return errors.Join(err, retell(ctx, tx, a.Ban))
}
