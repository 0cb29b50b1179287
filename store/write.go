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
	return s.inTurn(ctx, false, func() error { return inTx(ctx, s.w, do) })
}

// writeUrgently is write that waits for no write but the one that has begun.
func (s *Store) writeUrgently(ctx context.Context, do func(*sql.Tx) error) error {
	return s.inTurn(ctx, true, func() error { return inTx(ctx, s.w, do) })
}

// exec executes one statement like write.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	return s.inTurn(ctx, false, func() error {
		_, err := s.w.ExecContext(ctx, query, args...)
		return err
	})
}

// inTurn runs do, which writes, and then waits for the disk, while the next write may begin already. What is committed
// outlives the process from then on; what is on the disk outlives a power cut. As the write-ahead log is written in
// order, all that was committed before is on the disk as well: nothing is that rests on something that is not.
func (s *Store) inTurn(ctx context.Context, urgent bool, do func() error) error {
	if err := s.turns.take(ctx, urgent); err != nil {
		return err
	}
	err := func() error {
		defer s.turns.give()
		return do()
	}()
	if err != nil {
		return err
	}
	if err := flush(s.wal); err != nil {
		return fmt.Errorf("flush %s: %w", s.wal.Name(), err)
	}
	return nil
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
	set := func(ctx context.Context, pages int) error {
		_, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", pages))
		return err
	}
	defer func() { // in any case: write must not get the connection in this state
		if e := set(context.WithoutCancel(ctx), walPages); e != nil {
			err = errors.Join(err, e, c.Raw(func(any) error { return driver.ErrBadConn })) // discards the connection
		}
	}()
	if err := set(ctx, pages); err != nil {
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
