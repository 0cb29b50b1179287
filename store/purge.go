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

// purgedKey keeps where the bans that are there begin, dirtyKey that what was deleted may still be read in the file.
const (
	purgedKey = "store/purged"
	dirtyKey  = "store/dirty"
)

// purgedTo is the start of the first day of which all bans are there, in unix seconds; before it there are counts alone.
func purgedTo(ctx context.Context, db querier) (int64, error) {
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

// KeptSince is the start of the first day of which all bans are there, and not their counts alone; zero: of all days.
func (s *Store) KeptSince(ctx context.Context) (time.Time, error) {
	purged, err := purgedTo(ctx, s.r)
	if err != nil || purged == math.MinInt64 {
		return time.Time{}, err
	}
	return time.Unix(purged, 0), nil
}

// Purged is what was forgotten.
type Purged struct {
	Before    time.Time // the start of a day in UTC
	Bans      int64
	Addresses int64
}

// Purge forgets the bans of all days (in UTC) before the one of before, the addresses that no other ban names, what
// registries said of networks without addresses, and the words of messages from then. Counts stay. When it returns, no
// byte of what was forgotten is left in the database's files.
func (s *Store) Purge(ctx context.Context, before time.Time) (p Purged, err error) {
	day := floor(before.Unix(), daySeconds)
	p.Before = time.Unix(day, 0).UTC()
	var done bool
	err = s.r.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM bans WHERE time < ?1) AND NOT EXISTS (SELECT 1 FROM meta WHERE key = ?2)
		AND EXISTS (SELECT 1 FROM meta WHERE key = ?3 AND CAST(value AS INTEGER) >= ?1)`, day, dirtyKey, purgedKey).Scan(&done)
	if err != nil || done {
		return p, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error { return beginPurge(ctx, tx, day) })
	for more := err == nil; more && err == nil; {
		var n int64
		err = s.write(ctx, func(tx *sql.Tx) (err error) {
			n, err = purgeBans(ctx, tx, day)
			return err
		})
		p.Bans += n
		more = n > 0
	}
	if err == nil {
		p.Addresses, err = s.wipe(ctx)
	}
	if err != nil {
		return p, fmt.Errorf("purge what is before %s: %w", p.Before.Format(time.DateOnly), err)
	}
	return p, nil
}

// beginPurge notes first how far it will go: from then on the counts of these days do without their bans.
func beginPurge(ctx context.Context, tx *sql.Tx, day int64) error {
	purged, err := purgedTo(ctx, tx)
	if err != nil {
		return err
	}
	if day > purged {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO meta VALUES (?, ?)", purgedKey, strconv.FormatInt(day, 10)); err != nil {
			return err
		}
	}
	// What is yet to be sent is kept for its seven days.
	words, err := tx.ExecContext(ctx, `UPDATE notices SET body = '{}' WHERE created_at < ? AND body <> '{}'
		AND (sent_at IS NOT NULL OR dead_at IS NOT NULL)`, day)
	if err != nil {
		return err
	}
	return dirty(ctx, tx, words)
}

// dirty notes that the file is to be wiped, if anything was changed.
func dirty(ctx context.Context, tx *sql.Tx, changed sql.Result) error {
	n, err := changed.RowsAffected()
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO meta VALUES (?, '1')", dirtyKey)
	return err
}

// purgeBans deletes some of the bans before the day, so many that a ban that comes meanwhile need not wait long.
func purgeBans(ctx context.Context, tx *sql.Tx, day int64) (int64, error) {
	if _, err := tx.ExecContext(ctx, "DELETE FROM packs WHERE unit = ? AND start < ?", longBans().id, day); err != nil {
		return 0, err
	}
	gone, err := tx.ExecContext(ctx, "DELETE FROM bans WHERE id IN (SELECT id FROM bans WHERE time < ? LIMIT 20000)", day)
	if err != nil {
		return 0, err
	}
	n, err := gone.RowsAffected()
	if err != nil {
		return 0, err
	}
	return n, dirty(ctx, tx, gone)
}

// purgeAddresses deletes the addresses that no ban names, and the networks that none of them lies in.
func purgeAddresses(ctx context.Context, tx *sql.Tx) (int64, error) {
	gone, err := tx.ExecContext(ctx, "DELETE FROM addresses WHERE id NOT IN (SELECT address_id FROM bans)")
	if err != nil {
		return 0, err
	}
	for deleted := int64(1); deleted > 0; { // from the smallest to those around them
		networks, err := tx.ExecContext(ctx, `DELETE FROM networks WHERE NOT EXISTS (SELECT 1 FROM addresses WHERE network_id = networks.id)
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

// wipe deletes what belonged to bans that are gone, and makes the files anew without any of it. What it cannot do now it
// does the next time.
func (s *Store) wipe(ctx context.Context) (addresses int64, err error) {
	if mark, err := s.Value(ctx, dirtyKey); err != nil || mark == "" {
		return 0, err
	}
	err = s.write(ctx, func(tx *sql.Tx) (err error) {
		addresses, err = purgeAddresses(ctx, tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	if _, err := s.w.ExecContext(ctx, "VACUUM"); err != nil {
		return addresses, err
	}
	var busy, frames, moved int
	if err := s.w.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return addresses, err
	}
	if busy != 0 {
		return addresses, errors.New("the write-ahead log is in use: what was deleted may still be read in it, until the next try")
	}
	_, err = s.w.ExecContext(ctx, "DELETE FROM meta WHERE key = ?", dirtyKey)
	return addresses, err
}
