package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// write runs do in a transaction that is on the disk when write returns.
func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	if err := s.turns.take(ctx, false); err != nil {
		return err
	}
	defer s.turns.give()
	return inTx(ctx, s.w, do)
}

// writeUrgently is write that waits for no write but the one that has begun.
func (s *Store) writeUrgently(ctx context.Context, do func(*sql.Tx) error) error {
	if err := s.turns.take(ctx, true); err != nil {
		return err
	}
	defer s.turns.give()
	return inTx(ctx, s.w, do)
}

// exec executes one statement like write.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	if err := s.turns.take(ctx, false); err != nil {
		return err
	}
	defer s.turns.give()
	_, err := s.w.ExecContext(ctx, query, args...)
	return err
}

// writeAhead is write for data that can be read again: it does not wait for the disk. A power cut undoes the whole
// transaction, unless a later write has flushed it. If more is to follow at once, the write-ahead log may grow to four
// times its usual length before a checkpoint, so that pages that every transaction changes are copied less often.
func (s *Store) writeAhead(ctx context.Context, more bool, do func(*sql.Tx) error) (err error) {
	if err := s.turns.take(ctx, false); err != nil {
		return err
	}
	defer s.turns.give()
	c, err := s.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it only returns to the pool
	pages := walPages
	if more {
		pages *= 4
	}
	set := func(ctx context.Context, synchronous string, pages int) error {
		_, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA synchronous = %s; PRAGMA wal_autocheckpoint = %d",
			synchronous, pages))
		return err
	}
	defer func() { // in any case: write must not get the connection in this state
		if e := set(context.WithoutCancel(ctx), "FULL", walPages); e != nil {
			err = errors.Join(err, e, c.Raw(func(any) error { return driver.ErrBadConn })) // discards the connection
		}
	}()
	if err := set(ctx, "NORMAL", pages); err != nil {
		return err
	}
	return inTx(ctx, c, do)
}

// inTx runs do in a transaction, which is committed if do succeeds.
func inTx(ctx context.Context, db interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}, do func(*sql.Tx) error,
) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
