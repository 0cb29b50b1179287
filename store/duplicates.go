package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
)

// duplicates are the stored bans without an epoch that share one banKey.
type duplicates struct {
	unseen  []int64 // ids of those not seen yet in this generation, lowest nth first
	highest int64   // nth
}

// countDuplicates numbers the bans without an epoch among identical lines. Bans that an earlier generation of the file
// contained are updated to this generation and left out; seen are their ids in JSON, "" if there are none.
func countDuplicates(
	ctx context.Context, tx *sql.Tx, source int64, b *Batch, rows []banRow, keys []banKey,
) (fresh []banRow, seen string, err error) {
	known, err := knownDuplicates(ctx, tx, source, b, rows)
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	var ids []int64
	generation := rows[0].generation
	fresh = rows[:0]
	for _, r := range rows {
		if r.HasEpoch || r.Nth > 0 {
			r.nth = r.Nth
			fresh = append(fresh, r)
			continue
		}
		if k, id, ok := takeUnseen(known, b.readings(&r)); ok {
			ids = append(ids, id)
			if keys != nil {
				keys[r.place] = k
			}
			continue
		}
		d := known[r.banKey]
		d.highest++
		r.nth = d.highest
		fresh = append(fresh, r)
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

// takeUnseen takes the first stored ban that was not seen yet and was read in one of these ways.
func takeUnseen(known map[banKey]duplicates, ways []reading) (k banKey, id int64, ok bool) {
	for _, way := range ways {
		d := known[way.banKey]
		at := slices.IndexFunc(d.unseen, func(id int64) bool { return id > way.after && id <= way.upTo })
		if at >= 0 {
			id = d.unseen[at]
			d.unseen = slices.Delete(slices.Clone(d.unseen), at, at+1)
			known[way.banKey] = d
			return way.banKey, id, true
		}
	}
	return k, 0, false
}

// knownDuplicates returns the stored bans that may be identical to the rows.
func knownDuplicates(
	ctx context.Context, tx *sql.Tx, source int64, b *Batch, rows []banRow,
) (map[banKey]duplicates, error) {
	known := map[banKey]duplicates{}
	var latest int64 // of the source: a file that grows in order of time needs no query
	err := tx.QueryRowContext(ctx, "SELECT latest FROM sources WHERE id = ?", source).Scan(&latest)
	if err != nil {
		return nil, err
	}
	var keys []banKey
	for i := range rows {
		r := &rows[i]
		if r.HasEpoch || r.Nth > 0 {
			continue
		}
		for _, way := range b.readings(r) {
			if _, asked := known[way.banKey]; !asked && way.time <= latest {
				known[way.banKey] = duplicates{}
				keys = append(keys, way.banKey)
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
