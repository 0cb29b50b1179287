package store

import (
	"context"
	"database/sql"
	"encoding/json"
)

// duplicates are the bans there are of one identity, as far as those without an epoch go.
type duplicates struct {
	unseen  []int64 // ids of those that this generation has not shown yet, lowest count first
	highest int64   // count
}

// countDuplicates gives the bans without an epoch their count among identical lines. Those that an earlier generation of
// the file has shown are marked as seen in this one and left out.
func countDuplicates(ctx context.Context, tx *sql.Tx, rows []banRow) ([]banRow, error) {
	known, err := knownDuplicates(ctx, tx, rows)
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

// knownDuplicates returns what the database holds of the rows' identities.
func knownDuplicates(ctx context.Context, tx *sql.Tx, rows []banRow) (map[banKey]duplicates, error) {
	known := map[banKey]duplicates{}
	var latest int64 // no ban of the source is later: a file that grows in order of time asks nothing
	err := tx.QueryRowContext(ctx, "SELECT latest FROM sources WHERE id = ?", rows[0].source).Scan(&latest)
	if err != nil {
		return nil, err
	}
	var keys []banKey
	for i := range rows {
		if r := &rows[i]; !r.HasEpoch && r.time <= latest {
			if _, asked := known[r.banKey]; !asked {
				known[r.banKey] = duplicates{}
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
