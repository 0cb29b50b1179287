package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// Mark is whom a person takes a banned one for.
type Mark struct {
	Attacker bool
	Name     string // who says so, cleaned
	At       time.Time
}

// SetMark marks a ban, in place of an earlier mark; nil takes that away.
func (s *Store) SetMark(ctx context.Context, ban int64, m *Mark) error {
	return s.write(ctx, func(tx *sql.Tx) error { return setMark(ctx, tx, ban, m) })
}

func setMark(ctx context.Context, tx *sql.Tx, ban int64, m *Mark) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM marks WHERE ban_id = ?", ban)
	if err == nil && m != nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO marks (ban_id, attacker, name, at)
			SELECT id, ?, ?, ? FROM bans WHERE id = ?`, m.Attacker, m.Name, m.At.Unix(), ban)
	}
	return errors.Join(err, retell(ctx, tx, ban))
}

// retell has the alert of a ban told anew; 0: of none.
func retell(ctx context.Context, tx *sql.Tx, ban int64) error {
	_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO retold SELECT id FROM bans WHERE id = ?", ban)
	return err
}

// Retold returns up to limit bans whose alerts are to be told anew.
func (s *Store) Retold(ctx context.Context, limit int) ([]EnrichedBan, error) {
	return s.enriched(ctx, "WHERE b.id IN (SELECT ban_id FROM retold ORDER BY ban_id LIMIT ?) ORDER BY b.id", limit)
}

// Retell saves what the alerts of these bans say now: revised replace the bodies of the notices with the same key and
// chat.
func (s *Store) Retell(ctx context.Context, bans []int64, revised []Notice) error {
	list, err := json.Marshal(bans)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM retold WHERE ban_id IN (SELECT value FROM json_each(?))", string(list))
		if err != nil {
			return err
		}
		return revise(ctx, tx, revised)
	})
}

// MarkOf returns the mark of a ban; nil: it has none.
func (s *Store) MarkOf(ctx context.Context, ban int64) (*Mark, error) {
	var m Mark
	var at int64
	err := s.r.QueryRowContext(ctx, "SELECT attacker, name, at FROM marks WHERE ban_id = ?", ban).
		Scan(&m.Attacker, &m.Name, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // no mark is no error
	}
	m.At = time.Unix(at, 0)
	return &m, err
}

// Marks counts the marks of a jail's bans in the window: as attackers, and as people.
type Marks struct{ Attackers, People int }

// marksByJail begins with the marks: they are few, and bans are many.
const marksByJail = `SELECT j.name, sum(m.attacker), sum(1 - m.attacker)
	FROM marks m CROSS JOIN bans b ON b.id = m.ban_id JOIN jails j ON j.id = b.jail_id
	WHERE b.time >= ? AND b.time < ? GROUP BY j.name`

// MarksByJail counts the marks of bans in the window, by jail. Of jails without marks there is nothing.
func (s *Store) MarksByJail(ctx context.Context, w Window) (map[string]Marks, error) {
	rows, err := s.r.QueryContext(ctx, marksByJail, w.from(), w.to())
	if err != nil {
		return nil, err
	}
	all := map[string]Marks{}
	_, err = collect(rows, func(rows *sql.Rows) (struct{}, error) {
		var jail string
		var m Marks
		err := rows.Scan(&jail, &m.Attackers, &m.People)
		all[jail] = m
		return struct{}{}, err
	})
	return all, err
}
