package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"
)

// packLag is how long after its end the packs of an hour are made: until then most of its bans have arrived.
const packLag = 5 * 60

// packsAtOnce is how many short packs are made in a transaction, during which bans have to wait.
const packsAtOnce = 24

// Pack makes packs of the past, so that reports over months and years are fast: all that are missing, but only one of
// those of ten days that were emptied. While whois works through a long history, packs are emptied all the time.
func (s *Store) Pack(ctx context.Context, now time.Time) error {
	var sources int
	if err := s.r.QueryRowContext(ctx, "SELECT count(*) FROM sources").Scan(&sources); err != nil {
		return fmt.Errorf("pack counts: %w", err)
	}
	for _, r := range allRollups() {
		if sources < r.sources {
			continue
		}
		starts, err := r.stalePacks(ctx, s.r, now)
		if err != nil {
			return fmt.Errorf("pack counts: %w", err)
		}
		for _, start := range starts {
			err := s.write(ctx, func(tx *sql.Tx) error { return r.pack(ctx, tx, r.packUnit, start, packSeconds) })
			if err != nil {
				return fmt.Errorf("pack counts: %w", err)
			}
		}
		if r.short == 0 {
			continue
		}
		if err := s.packShort(ctx, r, now); err != nil {
			return fmt.Errorf("pack counts: %w", err)
		}
	}
	return nil
}

// pack makes one pack.
func (r rollup) pack(ctx context.Context, tx *sql.Tx, unit, start, seconds int64) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM packs WHERE unit = ? AND start = ?", unit, start); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO packs (unit, start, rows)
		SELECT ?1, ?2, %s FROM %s AND %s >= ?2 AND %[3]s < ?2 + ?3 HAVING count(*) > 0`,
		r.packExpr, r.table, r.timeColumn), unit, start, seconds)
	return err
}

// stalePacks returns the starts of the packs of ten days to be made: the missing ones, and the one that was emptied
// first.
func (r rollup) stalePacks(ctx context.Context, db querier, now time.Time) ([]int64, error) {
	if r.packUnit == 0 {
		return nil, nil
	}
	start := floorSQL("at", packSeconds)
	rows, err := db.QueryContext(ctx, r.hops(fmt.Sprintf("%s + %d", start, packSeconds))+`SELECT `+start+` AS start FROM hops
			WHERE start NOT IN (SELECT start FROM packs WHERE unit = ?3)
		UNION ALL SELECT * FROM (SELECT start FROM packs WHERE unit = ?3 AND length(rows) = 0 ORDER BY id LIMIT 1)`,
		int64(math.MinInt64), floor(now.Unix(), packSeconds), r.packUnit)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[int64])
}

// packShort makes the short packs that are missing or were emptied, and deletes those of days that are over and out of
// reach.
func (s *Store) packShort(ctx context.Context, r rollup, now time.Time) error {
	from, until := floor(now.Unix(), packSeconds)-r.reach, floor(now.Unix()-packLag, r.short)
	start := floorSQL("at", r.short)
	rows, err := s.r.QueryContext(ctx, r.hops(fmt.Sprintf("%s + %d", start, r.short))+`SELECT `+start+` AS start FROM hops
		WHERE start NOT IN (SELECT start FROM packs WHERE unit = ?3 AND length(rows) > 0)`, from, until, r.shortUnit)
	if err != nil {
		return err
	}
	starts, err := collect(rows, single[int64])
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(starts, packsAtOnce) {
		err := s.write(ctx, func(tx *sql.Tx) error {
			for _, start := range chunk {
				if err := r.pack(ctx, tx, r.shortUnit, start, r.short); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var over bool
	err = s.r.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM packs WHERE unit = ? AND start < ?)", r.shortUnit, from).
		Scan(&over)
	if err == nil && over {
		err = s.exec(ctx, "DELETE FROM packs WHERE unit = ? AND start < ?", r.shortUnit, from)
	}
	return err
}
