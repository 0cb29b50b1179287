package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// CorruptError is a database that is not what this program has left: Restore puts another one in its place.
type CorruptError struct {
	Path   string
	Reason string // "was empty"
	Lost   bool   // its file was deleted or replaced while it was open, and what is open is whole: Rescue keeps it
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the database %s %s; the bot mends it when it starts", e.Path, e.Reason)
}

// Corruption returns what is wrong with the database at path if err tells of damage, and nil if it does not.
func Corruption(path string, err error) *CorruptError {
	if d, ok := errors.AsType[*CorruptError](err); ok {
		return d
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return nil
	}
	var reason string
	switch e.Code() & 0xff { // the rest is detail
	case sqlite3.SQLITE_CORRUPT:
		reason = "was malformed"
	case sqlite3.SQLITE_NOTADB:
		reason = "was no database any more"
	default:
		return nil
	}
	if d, ok := errors.AsType[*CorruptError](look(path)); ok { // says it better
		return d
	}
	return &CorruptError{Path: path, Reason: reason}
}

// Check returns a *CorruptError if the database at path cannot be believed, nil if it can or if there never was one.
// After a stop that was not clean, which has left a -wal file, all of it is read: that takes two seconds for a million
// bans. No other process may write the database.
func Check(ctx context.Context, path string) error {
	err := check(ctx, path)
	if d := Corruption(path, err); d != nil {
		return d
	}
	return ReadOnly(path, err)
}

func check(ctx context.Context, path string) error {
	err := look(path)
	if errors.Is(err, fs.ErrNotExist) {
		known, err := traces(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !known {
			return nil
		}
		if err != nil {
			return err
		}
		return &CorruptError{Path: path, Reason: "was gone"}
	}
	if err := errors.Join(err, writable(path)); err != nil {
		return err
	}
	if err := sweep(path); err != nil {
		return err
	}
	wal, err := os.Stat(path + "-wal")
	return inspect(ctx, path, err == nil && wal.Size() > 0)
}

// inspect returns an error if the database at path is not one of ours, or is damaged as far as a glance shows, or all
// of it where that is asked for. What a newer release has written is none of its business.
func inspect(ctx context.Context, path string, all bool) error {
	db, err := open(path, "")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it has written nothing there
	var version, tables int
	if err := db.QueryRowContext(ctx, "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version").Scan(&version, &tables); err != nil {
		return fmt.Errorf("check database %s: %w", path, err)
	}
	switch {
	case version == 0 && tables == 0:
		return &CorruptError{Path: path, Reason: "was empty"}
	case version == 0:
		return fmt.Errorf("%s is a database of another program", path)
	case all:
		return verify(ctx, db, path)
	}
	return nil
}

// verify reads all of the database.
func verify(ctx context.Context, db *sql.DB, path string) error {
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return fmt.Errorf("check database %s: %w", path, err)
	}
	if found != "ok" {
		return &CorruptError{Path: path, Reason: "was malformed"}
	}
	return nil
}

// Present returns a *CorruptError if the file that is open is not at its path any more, or is no database any more.
func (s *Store) Present(context.Context) error {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &CorruptError{Path: s.path, Reason: "was deleted while I ran", Lost: true}
	}
	if err == nil && !os.SameFile(info, s.file) {
		return &CorruptError{Path: s.path, Reason: "was replaced while I ran", Lost: true}
	}
	if err == nil {
		err = look(s.path)
	}
	return err
}
