package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
)

// kept is a row of the counts, or the one ban that is counted where a bin cuts through the hour or day of a row.
type kept struct {
	bin                int   // whose it is
	start              int64 // of the first bans counted: to the hour, or better
	source, jail       int64
	bans, friendly     int64
	endless            int64 // bans of which the source does not say how long they last; of hours only
	addresses, friends idSet
}

// span is a part of a bin, From included, To not.
type span struct {
	Bin  int   `json:"bin"`
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// cut tells, for counts that are kept by the unit, which rows lie within a bin, and which bans are to be counted one by
// one since the bin cuts through their row. Of what was purged there are no bans, and the row goes to the bin in which
// it begins.
func cut(bins []Bin, unit, purged int64) (rows, bans []span) {
	for i, b := range bins {
		from, to := b.from(), b.to()
		first, end := from, to
		if from != math.MinInt64 {
			first = floor(from+unit-1, unit)
		}
		switch {
		case to == math.MaxInt64:
		case to <= purged:
			end = floor(to+unit-1, unit)
		default:
			end = floor(to, unit)
		}
		if first < end {
			rows = append(rows, span{i, first, end})
		}
		if from >= purged && from < first {
			bans = append(bans, span{i, from, min(first, to)})
		}
		if to > purged && first <= end && end < to {
			bans = append(bans, span{i, end, to})
		}
	}
	return rows, bans
}

const (
	nothing = false
	whom    = true
)

// hours calls yield with the counts by source and jail of the bins, with whom they are about if that is wanted.
func (s *Store) hours(ctx context.Context, bins []Bin, addresses bool, yield func(kept)) error {
	purged, err := purgedTo(ctx, s.r)
	if err != nil {
		return err
	}
	rows, bans := cut(bins, hourSeconds, purged)
	query := "min(h.hour), sum(h.bans), sum(h.friendly), sum(h.endless), x'', x'' FROM spans CROSS JOIN jail_hours h ON h.hour >= spans.start AND h.hour < spans.stop GROUP BY spans.bin, h.source_id, h.jail_id"
	if addresses {
		query = "h.hour, h.bans, h.friendly, h.endless, h.addresses, h.friends FROM spans CROSS JOIN jail_hours h ON h.hour >= spans.start AND h.hour < spans.stop"
	}
	err = s.inSpans(ctx, rows, "SELECT spans.bin, h.source_id, h.jail_id, "+query, func(rows *sql.Rows) error {
		var k kept
		err := rows.Scan(&k.bin, &k.source, &k.jail, &k.start, &k.bans, &k.friendly, &k.endless, (*sql.RawBytes)(&k.addresses), (*sql.RawBytes)(&k.friends))
		if err == nil {
			yield(k)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.inSpans(ctx, bans, `SELECT spans.bin, b.source_id, b.jail_id, b.time, b.address_id, a.friendly, b.ban_time = 0
		FROM spans CROSS JOIN bans b ON b.time >= spans.start AND b.time < spans.stop JOIN addresses a ON a.id = b.address_id`,
		func(rows *sql.Rows) error {
			k := kept{bans: 1}
			var id int64
			err := rows.Scan(&k.bin, &k.source, &k.jail, &k.start, &id, &k.friendly, &k.endless)
			k.addresses = newIDSet([]int64{id})
			if k.friendly == 1 {
				k.friends = k.addresses
			}
			if err == nil {
				yield(k)
			}
			return err
		})
}

// days calls yield with the counts by country of the window.
func (s *Store) days(ctx context.Context, w Window, yield func(Country, kept)) error {
	purged, err := purgedTo(ctx, s.r)
	if err != nil {
		return err
	}
	rows, bans := cut([]Bin{{Window: w}}, daySeconds, purged)
	err = s.inSpans(ctx, rows, `SELECT d.country, d.bans, d.friendly, d.addresses
		FROM spans CROSS JOIN country_days d ON d.day >= spans.start AND d.day < spans.stop`, func(rows *sql.Rows) error {
		var country Country
		var k kept
		err := rows.Scan(&country, &k.bans, &k.friendly, (*sql.RawBytes)(&k.addresses))
		if err == nil {
			yield(country, k)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.inSpans(ctx, bans, `SELECT a.country, count(*), count(*) * a.friendly, a.id
		FROM spans CROSS JOIN bans b ON b.time >= spans.start AND b.time < spans.stop JOIN addresses a ON a.id = b.address_id
		GROUP BY a.id`, func(rows *sql.Rows) error {
		var country Country
		var k kept
		var id int64
		err := rows.Scan(&country, &k.bans, &k.friendly, &id)
		k.addresses = newIDSet([]int64{id})
		if err == nil {
			yield(country, k)
		}
		return err
	})
}

// inSpans asks a query that names the spans, and scans its rows.
func (s *Store) inSpans(ctx context.Context, spans []span, query string, scan func(*sql.Rows) error) error {
	if len(spans) == 0 {
		return nil
	}
	list, err := json.Marshal(spans)
	if err != nil {
		return err
	}
	rows, err := s.r.QueryContext(ctx, `WITH spans AS MATERIALIZED (
		SELECT value ->> 'bin' AS bin, value ->> 'from' AS start, value ->> 'to' AS stop FROM json_each(?)) `+query, string(list))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
