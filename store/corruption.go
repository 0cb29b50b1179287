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

// CorruptError reports a database that is not as this program left it. Restore replaces it.
type CorruptError struct {
	Path   string
	Reason string // "was empty"
	Lost   bool   // the file was deleted or replaced while open; the open database is intact, and Rescue saves it
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the database %s %s; the bot mends it when it starts", e.Path, e.Reason)
}

// Corruption returns what is wrong with the database at path if err means that it is damaged, else nil.
func Corruption(path string, err error) *CorruptError {
	if d, ok := errors.AsType[*CorruptError](err); ok {
		return d
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return nil
	}
	var reason string
	switch e.Code() & 0xff { // the primary result code
	case sqlite3.SQLITE_CORRUPT:
		reason = "was malformed"
	case sqlite3.SQLITE_NOTADB:
		reason = "was no database any more"
	default:
		return nil
	}
	if d, ok := errors.AsType[*CorruptError](checkFile(path)); ok { // its reason is more precise
		return d
	}
	return &CorruptError{Path: path, Reason: reason}
}

// Check returns a *CorruptError if the database at path cannot be trusted, nil if it can or if there never was one.
// After an unclean stop, which leaves a -wal file, it reads the whole database: that takes two seconds for a million
// bans. No other process may write the database.
func Check(ctx context.Context, path string) error {
	err := check(ctx, path)
	if d := Corruption(path, err); d != nil {
		return d
	}
	return ReadOnly(path, err)
}

func check(ctx context.Context, path string) error {
	err := checkFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		known, err := existedBefore(path)
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
	if err := removePartFiles(path); err != nil {
		return err
	}
	wal, err := os.Stat(path + "-wal")
	return inspect(ctx, path, err == nil && wal.Size() > 0)
}

// inspect returns an error if the database at path belongs to another program or is obviously damaged; with all, it
// reads the whole database. It accepts a newer schema.
func inspect(ctx context.Context, path string, all bool) error {
	db, err := open(path, "")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	var version, tables int
	err = db.QueryRowContext(ctx, "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version").
		Scan(&version, &tables)
	if err != nil {
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

// verify reads the whole database, and returns a *CorruptError if its structure is damaged.
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

// Present returns a *CorruptError if the open file is no longer at its path, or is no longer a database.
func (s *Store) Present(context.Context) error {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &CorruptError{Path: s.path, Reason: "was deleted while I ran", Lost: true}
	}
	if err != nil {
		return err
	}
	own, err := s.file.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, own) {
		return &CorruptError{Path: s.path, Reason: "was replaced while I ran", Lost: true}
	}
	return checkHeader(s.path, own.Size(), s.file)
}
