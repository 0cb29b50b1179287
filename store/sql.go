package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// rowsAtOnce is how many rows one statement deals with: a call costs more than a row, and what a statement of many more
// works on does not fit into the processor's nearest cache.
const rowsAtOnce = 100

// Their INSERT says OR FAIL: what fails ends the transaction, and SQLite need not keep a journal of each statement.
//
// inChunks hands do the items, rowsAtOnce at a time, with the query prepared for so many of the tuple in place of its
// %s.
func inChunks[T any](ctx context.Context, tx *sql.Tx, items []T, query, tuple string, do func(*sql.Stmt, []T) error) error {
	prepared := map[int]*sql.Stmt{} // two at most: for a full chunk, and for the rest
	defer func() {
		for _, statement := range prepared {
			statement.Close() //nolint:errcheck // it has done its work
		}
	}()
	for chunk := range slices.Chunk(items, rowsAtOnce) {
		n := len(chunk)
		if prepared[n] == nil {
			statement, err := tx.PrepareContext(ctx, fmt.Sprintf(query, strings.Repeat(","+tuple, n)[1:])) //nolint:sqlclosecheck // closed above
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

// single scans a row of one column.
func single[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}
