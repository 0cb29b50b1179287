package store

import (
	"context"
	"database/sql"
)

// Ping waits until the database begins a transaction that could write, at most until ctx ends. It writes nothing.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var version int
		return tx.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version)
	})
}
