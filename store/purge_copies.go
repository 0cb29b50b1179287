package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// PurgeCopies purges the daily copies of the database at path as Purge does the database. A copy that cannot be read is
// removed: it is of no use, and nobody knows what it holds.
func PurgeCopies(ctx context.Context, path string, before time.Time) error {
	copies, err := Copies(path)
	for _, c := range copies {
		if e := purgeCopy(ctx, c, before); Corruption(c, e) != nil {
			err = errors.Join(err, os.Remove(c))
		} else if e != nil {
			err = errors.Join(err, fmt.Errorf("purge %s: %w", c, e))
		}
	}
	return err
}

// purgeCopy replaces a copy that holds anything to be purged with a purged one. A crash leaves one or the other.
func purgeCopy(ctx context.Context, path string, before time.Time) error {
	if stale, err := needsPurge(ctx, path, floor(before.Unix(), daySeconds)); err != nil || !stale {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".purged-*"+partSuffix)
	if err != nil {
		return err
	}
	part := f.Name()
	defer os.Remove(part) //nolint:errcheck // after success it is gone already
	if err := errors.Join(copyContents(f, path), f.Close()); err != nil {
		return err
	}
	s, err := Open(ctx, part)
	if err != nil {
		return err
	}
	_, err = s.Purge(ctx, before)
	if err := errors.Join(err, s.Close(), fsync(part)); err != nil {
		return err
	}
	return renameSynced(part, path)
}

// needsPurge reports whether a copy holds anything from before the day, or was made during a purge.
func needsPurge(ctx context.Context, path string, day int64) (stale bool, err error) {
	if err := checkFile(path); err != nil {
		return false, err
	}
	db, err := open(path, "immutable=1")
	if err != nil {
		return false, err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM bans WHERE time < ?1)
		OR EXISTS (SELECT 1 FROM meta WHERE key = ?2)
		OR EXISTS (SELECT 1 FROM notices WHERE created_at < ?1 AND body <> '{}'
			AND (sent_at IS NOT NULL OR dead_at IS NOT NULL))`,
		day, dirtyKey).Scan(&stale)
	if err != nil || stale {
		return stale, err
	}
	var has bool // a copy of an earlier schema has no logins
	err = db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'logins')").Scan(&has)
	if err == nil && has {
		err = db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM logins WHERE hour < ?)", day).Scan(&stale)
	}
	return stale, err
}
