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

// Restored tells how the database came to be replaced before it was opened.
type Restored struct {
	Reason string    `json:"reason"`          // what was wrong: "was empty"; "": a copy was put in place by hand
	At     time.Time `json:"at"`              // when that was found
	Aside  string    `json:"aside,omitempty"` // name of the damaged file, set aside beside the database; "": none
	Whole  bool      `json:"whole,omitempty"` // nothing is missing

	Copied time.Time `json:"-"` // when the copy was made that is now the database; zero: it is new, unless Whole
}

const restoredKey = "store/mended"

// Restore sets the damaged database at path aside, with its -wal and -shm, and replaces it with its newest good copy,
// or with a new one if there is none. Nobody may have it open. After a crash midway the next Open finds it damaged
// again.
func Restore(ctx context.Context, path, reason string, now time.Time) (Restored, error) {
	r, err := restore(ctx, path, Restored{Reason: reason, At: now})
	if err != nil {
		return r, fmt.Errorf("mend database %s: %w", path, err)
	}
	return r, nil
}

func restore(ctx context.Context, path string, r Restored) (_ Restored, err error) {
	if err := removePartFiles(path); err != nil {
		return r, err
	}
	part := path + ".mended" + partSuffix
	defer func() {
		if err != nil { // on a full disk it would take the last of the room
			os.Remove(part) //nolint:errcheck // the next try will
		}
	}()
	if err := makeReplacement(ctx, path, part); err != nil {
		return r, err
	}
	aside := path + damagedSuffix + r.At.UTC().Format(damagedLayout)
	if _, err := os.Lstat(path); err == nil {
		r.Aside = filepath.Base(aside)
	}
	if err := recordRestored(ctx, part, r); err != nil {
		return r, err
	}
	// The database goes first: its -wal and -shm must never stand beside another database.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	return r, renameSynced(part, path)
}

// recordRestored stores r in the database at path, and syncs the file.
func recordRestored(ctx context.Context, path string, r Restored) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return errors.Join(writeMeta(ctx, path, restoredKey, string(text)), fsync(path))
}

// makeReplacement writes the newest good copy, or an empty database, to the file at part.
func makeReplacement(ctx context.Context, path, part string) error {
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
		if isGoodCopy(ctx, c) {
			return errors.Join(copyContents(f, c), f.Close())
		}
	}
	return errors.Join(registerFunctions(), migrate(ctx, part))
}

// isGoodCopy reports whether a copy is intact, and not from a newer release.
func isGoodCopy(ctx context.Context, path string) bool {
	if err := checkFile(path); err != nil {
		return false
	}
	db, err := open(path, "immutable=1")
	if err != nil {
		return false
	}
	defer db.Close() //nolint:errcheck // nothing was written
	version, err := schemaVersion(ctx, db, path)
	if err != nil {
		return false
	}
	files, err := migrationFiles()
	return err == nil && version > 0 && version <= len(files) && verify(ctx, db, path) == nil
}

// Rescue closes a database whose file was deleted while it was open, and writes its complete contents to the same path.
// If there is another file by now, that one is left alone, and the contents are set aside beside it.
func (s *Store) Rescue(ctx context.Context, reason string, now time.Time) error {
	if err := s.rescue(ctx, Restored{Reason: reason, At: now, Whole: true}); err != nil {
		return fmt.Errorf("rescue database %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) rescue(ctx context.Context, r Restored) error {
	if err := removePartFiles(s.path); err != nil {
		return err
	}
	part := s.path + ".rescued" + partSuffix
	if err := vacuum(ctx, s.spare, part); err != nil { // only open connections still reach it
		return errors.Join(err, s.Close())
	}
	beside, err := os.Stat(s.path + "-wal")
	opened, walErr := s.wal.Stat()
	own := err == nil && walErr == nil && os.SameFile(beside, opened)
	if err := s.Close(); err != nil {
		return err
	}
	_, err = os.Lstat(s.path)
	replaced := err == nil
	// SQLite leaves the -wal and -shm of a file that has moved. Their contents have been rescued, and they must never
	// stand beside another database, which would take them for its own.
	if own || !replaced {
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Remove(s.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	if replaced {
		return errors.Join(fsync(part), renameSynced(part, s.path+damagedSuffix+r.At.UTC().Format(damagedLayout)))
	}
	return errors.Join(recordRestored(ctx, part, r), renameSynced(part, s.path))
}

// Restored returns a replacement of the database that was not accepted yet; nil if there was none.
func (s *Store) Restored(ctx context.Context) (*Restored, error) {
	var r Restored
	text, err := s.Value(ctx, restoredKey)
	if err != nil {
		return nil, err
	}
	copied, err := s.Value(ctx, copiedKey)
	if err != nil || text+copied == "" {
		return nil, err
	}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, err
		}
	}
	seconds, _ := strconv.ParseInt(copied, 10, 64) // "": it is not a copy
	r.Copied = fromUnix(seconds)
	return &r, nil
}

const knowsSinceKey = "store/knows since"

// Accept acknowledges what Restored returned, and posts notices in the same transaction.
//
// Notices that are unsent in a copy may have been sent since it was made. Bans before newsSince therefore become
// history, notices posted before it are given up, and younger ones are marked as possibly sent. The day's digest is
// skipped.
func (s *Store) Accept(ctx context.Context, r Restored, now, newsSince time.Time, notices []Notice) error {
	changes := []statement{{"DELETE FROM meta WHERE key IN (?, ?)", []any{restoredKey, copiedKey}}}
	if !r.Whole {
		changes = append(changes,
			statement{
				"INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?3), (?2, ?3)",
				[]any{knowsSinceKey, "store/born", strconv.FormatInt(now.Unix(), 10)},
			},
			statement{
				fmt.Sprintf("UPDATE bans SET state = %d WHERE state IN (%d, %d) AND time < ?",
					stateHistory, stateUndecided, stateWaiting),
				[]any{newsSince.Unix()},
			},
			statement{
				"UPDATE notices SET claimed_at = NULL, maybe_sent = 1 WHERE sent_at IS NULL AND dead_at IS NULL",
				nil,
			},
			statement{
				`UPDATE notices SET dead_at = ?, error = 'restored from a copy'
					WHERE sent_at IS NULL AND dead_at IS NULL AND created_at < ?`,
				[]any{now.Unix(), newsSince.Unix()},
			})
		changes = append(changes, rereadAll()...)
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

// KnowsSince returns the moment since which the database has every message that was sent; zero: all of them.
func (s *Store) KnowsSince(ctx context.Context) (time.Time, error) {
	text, err := s.Value(ctx, knowsSinceKey)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return fromUnix(seconds), err
}
