package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Restored is what happened to the database before it was opened.
type Restored struct {
	Reason string    `json:"reason"`          // what was wrong: "was empty"; "": it was put in place by hand
	At     time.Time `json:"at"`              // when that was found
	Aside  string    `json:"aside,omitempty"` // the file that is kept of it, beside the database; "": there is none
	Whole  bool      `json:"whole,omitempty"` // nothing is missing

	Copied time.Time `json:"-"` // when the copy was made that is now the database; zero: it was begun anew, unless Whole
}

const restoredKey = "store/mended"

// Restore sets the damaged database at path aside, its -wal and -shm with it, and puts its newest good copy in its place,
// or a new one if there is none. Nobody may have it open. After a crash on the way the next Open finds it damaged.
func Restore(ctx context.Context, path, reason string, now time.Time) (Restored, error) {
	m, err := restore(ctx, path, Restored{Reason: reason, At: now})
	if err != nil {
		return m, fmt.Errorf("mend database %s: %w", path, err)
	}
	return m, nil
}

func restore(ctx context.Context, path string, m Restored) (Restored, error) {
	if err := sweep(path); err != nil {
		return m, err
	}
	part := path + ".mended" + partMark
	if err := replacement(ctx, path, part); err != nil {
		return m, err
	}
	aside := path + damagedMark + m.At.UTC().Format(damagedLayout)
	if _, err := os.Lstat(path); err == nil {
		m.Aside = filepath.Base(aside)
	}
	if err := leave(ctx, part, m); err != nil {
		return m, err
	}
	// The database goes first: while it is away, what goes with it cannot be taken for another's.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return m, err
		}
	}
	return m, move(part, path)
}

// leave notes in the database at path what happened, for who opens it, and brings it to the disk.
func leave(ctx context.Context, path string, m Restored) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return errors.Join(note(ctx, path, restoredKey, string(text)), flush(path))
}

// replacement makes the file at part a database: as the newest copy that is good, or empty.
func replacement(ctx context.Context, path, part string) error {
	copies, err := Copies(path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, c := range copies {
		if good(ctx, c) {
			return errors.Join(pour(f, c), f.Close())
		}
	}
	return errors.Join(registerFunctions(), migrate(ctx, part))
}

// good reports whether all of a copy can be read, and is not of a newer release.
func good(ctx context.Context, path string) bool {
	if err := look(path); err != nil {
		return false
	}
	db, err := open(path, "immutable=1")
	if err != nil {
		return false
	}
	defer db.Close() //nolint:errcheck // it has written nothing there
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return false
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	return err == nil && version > 0 && version <= len(files) && verify(ctx, db, path) == nil
}

// Rescue closes a database whose file was deleted while it was open, and writes what was open to the same path: nothing
// is missing then. If there is another file by now, that one is left alone, and what was open is set aside beside it.
func (s *Store) Rescue(ctx context.Context, reason string, now time.Time) error {
	if err := s.rescue(ctx, Restored{Reason: reason, At: now, Whole: true}); err != nil {
		return fmt.Errorf("rescue database %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) rescue(ctx context.Context, m Restored) error {
	if err := sweep(s.path); err != nil {
		return err
	}
	part := s.path + ".rescued" + partMark
	if err := errors.Join(vacuum(ctx, s.spare, part), s.Close()); err != nil { // only its own connections still reach it
		return err
	}
	if _, err := os.Lstat(s.path); err == nil {
		return errors.Join(flush(part), move(part, s.path+damagedMark+m.At.UTC().Format(damagedLayout)))
	}
	for _, suffix := range []string{"-wal", "-shm"} { // what they held has been rescued
		if err := os.Remove(s.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errors.Join(leave(ctx, part, m), move(part, s.path))
}

// Restored returns what happened to the database before it was opened and was not accepted yet; nil for nothing.
func (s *Store) Restored(ctx context.Context) (*Restored, error) {
	var m Restored
	text, err := s.Value(ctx, restoredKey)
	if err != nil {
		return nil, err
	}
	copied, err := s.Value(ctx, copiedKey)
	if err != nil || text+copied == "" {
		return nil, err
	}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return nil, err
		}
	}
	seconds, _ := strconv.ParseInt(copied, 10, 64) // "": it is no copy
	m.Copied = when(seconds)
	return &m, nil
}

const knowsSinceKey = "store/knows since"

// Accept ends what Mended returned: notices are posted with it, both or neither.
//
// What a copy holds as not said yet has been said since, as far as can be known. Bans before newsSince are history then,
// notices posted before it are given up, and younger ones say that they may repeat. The day's digest is over.
func (s *Store) Accept(ctx context.Context, m Restored, now, newsSince time.Time, notices []Notice) error {
	type change struct {
		query string
		args  []any
	}
	changes := []change{{"DELETE FROM meta WHERE key IN (?, ?)", []any{restoredKey, copiedKey}}}
	if !m.Whole {
		changes = append(changes,
			change{"INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?3), (?2, ?3)", []any{knowsSinceKey, "store/born", strconv.FormatInt(now.Unix(), 10)}},
			change{
				fmt.Sprintf("UPDATE bans SET state = %d WHERE state IN (%d, %d) AND time < ?", stateHistory, stateUndecided, stateWaiting),
				[]any{newsSince.Unix()},
			},
			change{"UPDATE notices SET claimed_at = NULL, maybe_sent = 1 WHERE sent_at IS NULL AND dead_at IS NULL", nil},
			change{`UPDATE notices SET dead_at = ?, error = 'restored from a copy' WHERE sent_at IS NULL AND dead_at IS NULL
				AND created_at < ?`, []any{now.Unix(), newsSince.Unix()}})
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, c := range changes {
			if _, err := tx.ExecContext(ctx, c.query, c.args...); err != nil {
				return fmt.Errorf("accept a mended database: %w", err)
			}
		}
		_, err := post(ctx, tx, notices)
		return err
	})
}

// KnowsSince is the moment since which the database knows everything that was said; zero: always.
func (s *Store) KnowsSince(ctx context.Context) (time.Time, error) {
	text, err := s.Value(ctx, knowsSinceKey)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return when(seconds), err
}
