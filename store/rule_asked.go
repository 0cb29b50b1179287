package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"
)

// askedKey stands before the name of a source whose Fail2Ban was asked for its rules: the last time, in unix seconds.
const askedKey = "rules/asked/"

// ruleGap is how long after a source was asked for its rules it is still known on which day one has changed.
const ruleGap = 24 * time.Hour

// AskedRules keeps what is new of the rules that a source's Fail2Ban has in force at a time, which is now: it was asked
// for them, and its log need not say them. Where it was not asked for a day, nobody knows since when a rule that
// differs is in force: then it begins anew, and is no change.
func (s *Store) AskedRules(ctx context.Context, source string, rules []Rule, at time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		var last int64
		err := tx.QueryRowContext(ctx, "SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM meta WHERE key = ?",
			askedKey+source).Scan(&last)
		if err != nil {
			return err
		}
		known := at.Sub(time.Unix(last, 0)).Abs() <= ruleGap
		for _, r := range rules {
			const of = " FROM rules WHERE source = ?1 AND jail = ?2 AND setting = ?3 AND at "
			differs := false
			// What a clock has dated ahead is not in force now.
			_, err := tx.ExecContext(ctx, "DELETE"+of+"> ?4", source, r.Jail, string(r.Setting), at.Unix())
			if err == nil {
				err = tx.QueryRowContext(ctx, "SELECT coalesce((SELECT value"+of+"<= ?4 ORDER BY at DESC LIMIT 1) <> ?5, 0)",
					source, r.Jail, string(r.Setting), at.Unix(), r.Value).Scan(&differs)
			}
			if err == nil && differs && !known {
				_, err = tx.ExecContext(ctx, "DELETE"+of+"<= ?4", source, r.Jail, string(r.Setting), at.Unix())
			}
			if err != nil {
				return err
			}
		}
		dated := make([]Rule, len(rules))
		for i, r := range rules {
			r.Source, r.At = source, at
			dated[i] = r
		}
		if err := saveRules(ctx, tx, &Batch{Source: source, Rules: dated}); err != nil {
			return err
		}
		return setMeta(ctx, tx, askedKey+source, strconv.FormatInt(at.Unix(), 10))
	})
	if err != nil {
		return fmt.Errorf("keep rules of %s: %w", source, err)
	}
	return nil
}

// RulesOverTime are all values that the settings of a source have had, by jail, the oldest first.
func (s *Store) RulesOverTime(ctx context.Context, source string) (map[string][]Rule, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT jail, setting, at, value FROM rules WHERE source = ?
		ORDER BY at, jail, setting`, source)
	if err != nil {
		return nil, fmt.Errorf("rules of %s: %w", source, err)
	}
	all := map[string][]Rule{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		r := Rule{Source: source}
		var at int64
		err = rows.Scan(&r.Jail, &r.Setting, &at, &r.Value)
		r.At = time.Unix(at, 0)
		all[r.Jail] = append(all[r.Jail], r)
		return none, err
	})
	return all, err
}
