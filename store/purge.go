package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

const (
	purgedKey = "store/purged" // what purgedBefore returns
	dirtyKey  = "store/dirty"  // set while deleted data may still be readable in the file
)

// purgedBefore returns the start of the first day whose bans are all present, in unix seconds. Of earlier days there
// may be only counts. It is math.MinInt64 if nothing was purged.
func purgedBefore(ctx context.Context, db querier) (int64, error) {
	rows, err := db.QueryContext(ctx, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?", purgedKey)
	if err != nil {
		return 0, err
	}
	all, err := collect(rows, single[int64])
	if err != nil || len(all) == 0 {
		return math.MinInt64, err
	}
	return all[0], nil
}

// KeptSince returns the start of the first day whose bans are all present, not only their counts; zero if nothing was
// purged.
func (s *Store) KeptSince(ctx context.Context) (time.Time, error) {
	purged, err := purgedBefore(ctx, s.r)
	if err != nil || purged == math.MinInt64 {
		return time.Time{}, err
	}
	return time.Unix(purged, 0), nil
}

// Purged is what a purge removed.
type Purged struct {
	Before    time.Time // the start of a day in UTC
	Bans      int64
	Addresses int64
}

// Purge removes the bans and logins of all UTC days before the day of before, the addresses that no other ban names,
// with all of their logins, the registry data of networks without addresses, and the text of messages from those days.
// Counts stay. When it returns, no byte
// of the removed data is left in the database's files.
func (s *Store) Purge(ctx context.Context, before time.Time) (p Purged, err error) {
	day := floor(before.Unix(), daySeconds)
	p.Before = time.Unix(day, 0).UTC()
	var done bool
	err = s.r.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM bans WHERE time < ?1)
		AND NOT EXISTS (SELECT 1 FROM logins WHERE hour < ?1)
		AND NOT EXISTS (SELECT 1 FROM meta WHERE key = ?2)
		AND EXISTS (SELECT 1 FROM meta WHERE key = ?3 AND CAST(value AS INTEGER) >= ?1)`,
		day, dirtyKey, purgedKey).Scan(&done)
	if err != nil || done {
		return p, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error { return beginPurge(ctx, tx, day) })
	for more := err == nil; more && err == nil; {
		var n, logins int64
		err = s.write(ctx, func(tx *sql.Tx) (err error) {
			if n, err = purgeBans(ctx, tx, day); err == nil {
				logins, err = purgeLogins(ctx, tx, day)
			}
			return err
		})
		p.Bans += n
		more = n+logins > 0
	}
	if err == nil {
		p.Addresses, err = s.vacuumPurged(ctx)
	}
	if err != nil {
		return p, fmt.Errorf("purge what is before %s: %w", p.Before.Format(time.DateOnly), err)
	}
	return p, nil
}

// beginPurge first records how far the purge will go: from then on the counts of those days stand without their bans.
func beginPurge(ctx context.Context, tx *sql.Tx, day int64) error {
	purged, err := purgedBefore(ctx, tx)
	if err != nil {
		return err
	}
	if day > purged {
		if err := setMeta(ctx, tx, purgedKey, strconv.FormatInt(day, 10)); err != nil {
			return err
		}
	}
	// Messages that are still to be sent are kept for their seven days.
	cleared, err := tx.ExecContext(ctx, `UPDATE notices SET body = '{}' WHERE created_at < ? AND body <> '{}'
		AND (sent_at IS NOT NULL OR dead_at IS NOT NULL)`, day)
	if err != nil {
		return err
	}
	return markDirty(ctx, tx, cleared)
}

// markDirty records that the file needs a VACUUM, if anything was changed.
func markDirty(ctx context.Context, tx *sql.Tx, changed sql.Result) error {
	n, err := changed.RowsAffected()
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO meta VALUES (?, '1')", dirtyKey)
	return err
}

// purgeBans deletes some of the bans before the day, few enough that a ban that arrives meanwhile does not wait long.
func purgeBans(ctx context.Context, tx *sql.Tx, day int64) (int64, error) {
	_, err := tx.ExecContext(ctx, "DELETE FROM packs WHERE unit = ? AND start < ?", longBans().packUnit, day)
	if err != nil {
		return 0, err
	}
	deleted, err := tx.ExecContext(ctx,
		"DELETE FROM bans WHERE id IN (SELECT id FROM bans WHERE time < ? LIMIT 20000)", day)
	if err != nil {
		return 0, err
	}
	n, err := deleted.RowsAffected()
	if err != nil {
		return 0, err
	}
	return n, errors.Join(purgeActs(ctx, tx, day), markDirty(ctx, tx, deleted))
}

// purgeAddresses deletes the addresses that no ban names, and the networks that hold no address.
func purgeAddresses(ctx context.Context, tx *sql.Tx) (int64, error) {
	if err := purgeLoginsOf(ctx, tx); err != nil {
		return 0, err
	}
	gone, err := tx.ExecContext(ctx, "DELETE FROM addresses WHERE id NOT IN (SELECT address_id FROM bans)")
	if err != nil {
		return 0, err
	}
	for deleted := int64(1); deleted > 0; { // from the smallest networks to those around them
		networks, err := tx.ExecContext(ctx, `DELETE FROM networks
			WHERE NOT EXISTS (SELECT 1 FROM addresses WHERE network_id = networks.id)
			AND NOT EXISTS (SELECT 1 FROM networks within WHERE within.parent = networks.id)`)
		if err != nil {
			return 0, err
		}
		if deleted, err = networks.RowsAffected(); err != nil {
			return 0, err
		}
	}
	return gone.RowsAffected()
}

// vacuumPurged deletes what belonged only to purged bans, and rewrites the files without it. If it fails, the next
// purge tries again.
func (s *Store) vacuumPurged(ctx context.Context) (addresses int64, err error) {
	if pending, err := s.Value(ctx, dirtyKey); err != nil || pending == "" {
		return 0, err
	}
	err = s.write(ctx, func(tx *sql.Tx) (err error) {
		addresses, err = purgeAddresses(ctx, tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := s.exec(ctx, "VACUUM"); err != nil {
		return addresses, err
	}
	var busy, frames, moved int
	if err := s.turns.take(ctx, false); err != nil {
		return addresses, err
	}
	err = s.w.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	s.turns.give()
	if err != nil {
		return addresses, err
	}
	if busy != 0 {
		return addresses, errors.New(
			"the write-ahead log is in use: what was deleted may still be read in it, until the next try")
	}
	err = s.exec(ctx, "DELETE FROM meta WHERE key = ?", dirtyKey)
	return addresses, err
}
