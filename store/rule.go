package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Setting is a part of the rule of a jail, by its name in Fail2Ban's configuration.
type Setting string

// The settings that are kept. Times are in seconds.
const (
	MaxRetry Setting = "maxretry" // failures that bring a ban
	FindTime Setting = "findtime" // within which they count
	BanTime  Setting = "bantime"  // negative: for ever
)

// Rule is what a source says of the rule of a jail: from a moment on, a setting has this value.
type Rule struct {
	Source  string // "" is that of the batch
	Jail    string
	Setting Setting
	Value   int64
	At      time.Time
}

// RuleChange is a setting that has got another value.
type RuleChange struct {
	Rule
	Before int64 // the value until then
}

// saveRules keeps what is new of the rules in a batch: Fail2Ban names them at every start.
func saveRules(ctx context.Context, tx *sql.Tx, b *Batch) error {
	for _, r := range b.Rules {
		_, err := tx.ExecContext(ctx, `INSERT INTO rules (source, jail, setting, at, value)
			SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?5 IS NOT (SELECT value FROM rules
				WHERE source = ?1 AND jail = ?2 AND setting = ?3 AND at <= ?4 ORDER BY at DESC LIMIT 1)
			ON CONFLICT DO UPDATE SET value = excluded.value`,
			cmp.Or(r.Source, b.Source), r.Jail, string(r.Setting), r.At.Unix(), r.Value)
		if err != nil {
			return err
		}
	}
	return nil
}

// Rules are the rules of a source in force, by jail and setting.
func (s *Store) Rules(ctx context.Context, source string) ([]Rule, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT jail, setting, max(at), value FROM rules WHERE source = ?
		GROUP BY jail, setting`, source) // value is of the row with the maximum: https://sqlite.org/lang_select.html#bareagg
	if err != nil {
		return nil, fmt.Errorf("rules of %s: %w", source, err)
	}
	return collect(rows, func(rows *sql.Rows) (Rule, error) {
		r := Rule{Source: source}
		var at int64
		err := rows.Scan(&r.Jail, &r.Setting, &at, &r.Value)
		r.At = time.Unix(at, 0)
		return r, err
	})
}

// LastChanges returns, of each setting, its last change before the end of the window, if that is in the window.
func (s *Store) LastChanges(ctx context.Context, w Window) ([]RuleChange, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT source, jail, setting, max(at), value, before FROM (
			SELECT *, lag(value) OVER (PARTITION BY source, jail, setting ORDER BY at) AS before FROM rules WHERE at < ?2)
		WHERE before <> value GROUP BY source, jail, setting HAVING max(at) >= ?1 ORDER BY source, jail, setting`,
		w.from(), w.to())
	if err != nil {
		return nil, fmt.Errorf("changes of rules: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (c RuleChange, err error) {
		var at int64
		err = rows.Scan(&c.Source, &c.Jail, &c.Setting, &at, &c.Value, &c.Before)
		c.At = time.Unix(at, 0)
		return c, err
	})
}
