package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// rowsAtOnce is how many rows one statement handles: a call costs more than a row, but the working set of a much
// larger statement no longer fits into the processor's nearest cache.
const rowsAtOnce = 100

// inChunks calls do with up to rowsAtOnce items at a time and a statement in which the query's %s is replaced by one
// tuple for each of them.
//
// The INSERTs passed to it say OR FAIL: a failure ends the transaction anyway, and SQLite then needs no journal for
// each statement.
func inChunks[T any](
	ctx context.Context, tx *sql.Tx, items []T, query, tuple string, do func(*sql.Stmt, []T) error,
) error {
	prepared := map[int]*sql.Stmt{} // at most two: for full chunks and for the remainder
	defer func() {
		for _, statement := range prepared {
			statement.Close() //nolint:errcheck // it is no longer needed
		}
	}()
	for chunk := range slices.Chunk(items, rowsAtOnce) {
		n := len(chunk)
		if prepared[n] == nil {
			tuples := strings.Repeat(","+tuple, n)[1:]
			statement, err := tx.PrepareContext(ctx, fmt.Sprintf(query, tuples)) //nolint:sqlclosecheck // closed above
			if err != nil {
				return err
			}
			prepared[n] = statement
		}
		if err := do(prepared[n], chunk); err != nil {
			return err
		}
	}
	return nil
}

// collect scans all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// single scans a row that has one column.
func single[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}
