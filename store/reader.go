package store

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// OpenToRead opens a database for reading, while another process may write it. Nothing is created, migrated or changed,
// and methods that write fail. The schema must be the present one.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	if err := registerFunctions(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	f.Close()
	// rw, not ro: a reader of a write-ahead log writes to the -shm file.
	r, err := open(path, "mode=rw&_query_only=1")
	if err != nil {
		return nil, err
	}
	r.SetMaxOpenConns(1)
	s := &Store{w: r, r: r}
	if err := s.checkSchema(ctx, path); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return s, nil
}

// checkSchema returns an error if the schema is not the present one.
func (s *Store) checkSchema(ctx context.Context, path string) error {
	files, err := migrationFiles()
	if err != nil {
		return err
	}
	version, err := schemaVersion(ctx, s.r, path)
	if err != nil {
		return err
	}
	switch own := len(files); {
	case version > own:
		return &NewerError{Path: path, Version: version, Own: own}
	case version < own:
		return fmt.Errorf("%s was written by an older friendlyfire (schema %d, this one knows %d): start the bot once",
			path, version, own)
	}
	return nil
}

// Jails returns the names of up to n jails, in the order in which they were first seen.
func (s *Store) Jails(ctx context.Context, n int) ([]string, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT name FROM jails ORDER BY id LIMIT ?", n)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}
