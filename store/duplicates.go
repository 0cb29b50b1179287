package store

import (
	"context"
	"database/sql"
	"encoding/json"
)

// duplicates are the stored bans without an epoch that share one banKey.
type duplicates struct {
	unseen  []int64 // ids of those not seen yet in this generation, lowest nth first
	highest int64   // nth
}

// countDuplicates numbers the bans without an epoch among identical lines. Bans that an earlier generation of the file
// contained are updated to this generation and left out; seen are their ids in JSON, "" if there are none.
func countDuplicates(
	ctx context.Context, tx *sql.Tx, source int64, rows []banRow,
) (fresh []banRow, seen string, err error) {
	known, err := knownDuplicates(ctx, tx, source, rows)
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	var ids []int64
	generation := rows[0].generation
	fresh = rows[:0]
	for _, r := range rows {
		if r.HasEpoch {
			fresh = append(fresh, r)
			continue
		}
		d := known[r.banKey]
		if len(d.unseen) > 0 {
			ids, d.unseen = append(ids, d.unseen[0]), d.unseen[1:]
		} else {
			d.highest++
			r.nth = d.highest
			fresh = append(fresh, r)
		}
		known[r.banKey] = d
	}
	if len(ids) == 0 {
		return fresh, "", nil
	}
	list, err := json.Marshal(ids)
	if err == nil {
		_, err = tx.ExecContext(ctx, "UPDATE bans SET generation = ? WHERE id IN (SELECT value FROM json_each(?))",
			generation, string(list))
	}
	return fresh, string(list), err
}

// knownDuplicates returns the stored bans that may be identical to the rows.
func knownDuplicates(ctx context.Context, tx *sql.Tx, source int64, rows []banRow) (map[banKey]duplicates, error) {
	known := map[banKey]duplicates{}
	var latest int64 // of the source: a file that grows in order of time needs no query
	err := tx.QueryRowContext(ctx, "SELECT latest FROM sources WHERE id = ?", source).Scan(&latest)
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
				d := known[k]
				if d.highest = nth; generation < rows[0].generation {
					d.unseen = append(d.unseen, id)
				}
				known[k] = d
				return none, nil
			})
			return err
		})
	return known, err
}
