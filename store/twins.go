package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// twins are the bans there are of one identity, as far as those without an epoch go.
type twins struct {
	unseen  []int64 // ids of those that this generation has not shown yet, lowest count first
	highest int64   // count
}

// countTwins gives the bans without an epoch their count among identical lines. Those that an earlier generation of
// the file has shown are marked as seen in this one and left out.
func countTwins(ctx context.Context, tx *sql.Tx, rows []banRow) ([]banRow, error) {
	known, err := knownTwins(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	var seen []int64
	generation, fresh := rows[0].generation, rows[:0]
	for _, r := range rows {
		if r.HasEpoch {
			fresh = append(fresh, r)
			continue
		}
		t := known[r.banKey]
		if len(t.unseen) > 0 {
			seen, t.unseen = append(seen, t.unseen[0]), t.unseen[1:]
		} else {
			t.highest++
			r.nth = t.highest
			fresh = append(fresh, r)
		}
		known[r.banKey] = t
	}
	if len(seen) == 0 {
		return fresh, nil
	}
	list, err := json.Marshal(seen)
	if err == nil {
		_, err = tx.ExecContext(ctx, "UPDATE bans SET generation = ? WHERE id IN (SELECT value FROM json_each(?))", generation, string(list))
	}
	return fresh, err
}

// knownTwins returns what the database holds of the rows' identities.
func knownTwins(ctx context.Context, tx *sql.Tx, rows []banRow) (map[banKey]twins, error) {
	known := map[banKey]twins{}
	var latest int64 // no ban of the source is later: a file that grows in order of time asks nothing
	err := tx.QueryRowContext(ctx, "SELECT latest FROM sources WHERE id = ?", rows[0].source).Scan(&latest)
	if err != nil {
		return nil, err
	}
	var keys []banKey
	for i := range rows {
		if r := &rows[i]; !r.HasEpoch && r.time <= latest {
			if _, asked := known[r.banKey]; !asked {
				known[r.banKey] = twins{}
				keys = append(keys, r.banKey)
			}
		}
	}
	var args []any
	err = inChunks(ctx, tx, keys, `WITH k (source_id, time, address_id, jail_id) AS (VALUES %s)
		SELECT k.*, b.id, b.nth, b.generation FROM k CROSS JOIN bans b USING (source_id, time, address_id, jail_id)
		WHERE b.nth > 0 ORDER BY b.nth`, "(?,?,?,?)",
		func(statement *sql.Stmt, keys []banKey) error {
			args = args[:0]
			for _, k := range keys {
				args = append(args, k.source, k.time, k.address, k.jail)
			}
			found, err := statement.QueryContext(ctx, args...)
			if err != nil {
				return err
			}
			_, err = collect(found, func(found *sql.Rows) (none struct{}, err error) {
				var k banKey
				var id, nth, generation int64
				if err := found.Scan(&k.source, &k.time, &k.address, &k.jail, &id, &nth, &generation); err != nil {
					return none, err
				}
				t := known[k]
				if t.highest = nth; generation < rows[0].generation {
					t.unseen = append(t.unseen, id)
				}
				known[k] = t
				return none, nil
			})
			return err
		})
	return known, err
}

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
