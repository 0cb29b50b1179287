package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// PurgeCopies lets the daily copies of the database at path forget what Purge forgets. One that cannot be read is removed:
// it is of no use, and nobody knows what it holds.
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

// purgeCopy puts a purged copy in the place of one that holds what is to be forgotten. A crash leaves the one or the other.
func purgeCopy(ctx context.Context, path string, before time.Time) error {
	if stale, err := holds(ctx, path, floor(before.Unix(), daySeconds)); err != nil || !stale {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".purged-*"+partMark)
	if err != nil {
		return err
	}
	part := f.Name()
	defer os.Remove(part) //nolint:errcheck // it has another name by then
	if err := errors.Join(pour(f, path), f.Close()); err != nil {
		return err
	}
	s, err := Open(ctx, part)
	if err != nil {
		return err
	}
	_, err = s.Purge(ctx, before)
	if err := errors.Join(err, s.Close(), flush(part)); err != nil {
		return err
	}
	return move(part, path)
}

// holds reports whether a copy has anything from before the day, or has been made in the midst of a purge.
func holds(ctx context.Context, path string, day int64) (stale bool, err error) {
	if err := look(path); err != nil {
		return false, err
	}
	db, err := open(path, "immutable=1")
	if err != nil {
		return false, err
	}
	defer db.Close() //nolint:errcheck // it has written nothing there
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM bans WHERE time < ?1) OR EXISTS (SELECT 1 FROM meta WHERE key = ?2)
		OR EXISTS (SELECT 1 FROM notices WHERE created_at < ?1 AND body <> '{}' AND (sent_at IS NOT NULL OR dead_at IS NOT NULL))`,
		day, dirtyKey).Scan(&stale)
	return stale, err
}

// pour writes what the file at path holds.
func pour(to io.Writer, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, from.Close())
}
