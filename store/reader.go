package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// OpenToRead opens a database for questions alone, beside the program that writes it: nothing is made, brought up to
// date or changed, and what would write fails. The schema must be the one this program knows.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	if err := registerFunctions(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	f.Close()
	// rw, not ro: who reads a write-ahead log takes part in its book-keeping, in the -shm file.
	r, err := open(path, "mode=rw&_query_only=1")
	if err != nil {
		return nil, err
	}
	r.SetMaxOpenConns(1)
	s := &Store{w: r, r: r}
	if err := s.current(ctx, path); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if s.around, err = r.PrepareContext(ctx, aroundQuery); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), r.Close())
	}
	return s, nil
}

// current says what is wrong with the schema, if it is another one.
func (s *Store) current(ctx context.Context, path string) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := s.r.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	switch own := len(files); {
	case version > own:
		return &NewerError{Path: path, Version: version, Own: own}
	case version < own:
		return fmt.Errorf("%s was written by an older friendlyfire (schema %d, this one knows %d): start the bot once", path, version, own)
	}
	return nil
}

// Jails returns the names of the first jails known, n at most, in the order in which they became known.
func (s *Store) Jails(ctx context.Context, n int) ([]string, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT name FROM jails ORDER BY id LIMIT ?", n)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}
