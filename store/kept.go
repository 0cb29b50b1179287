package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
)

// kept is what is counted of some bans: of a row of the counts, of several that are summed up, or of the one ban where a
// bin cuts through the hour or day of a row.
type kept struct {
	bin            int   // whose it is: the first bin of that name
	start          int64 // of the first bans counted: to the hour, or better; of sums only
	source, jail   int64 // of sums only
	key            int64 // of rows only: the one of source and jail that was asked for
	bans, friendly int64
	endless        int64 // bans of which the source does not say how long they last; of sums only
	ids            idSet // who was banned, or which friends; of rows only
}

// span is a part of a bin, From included, To not.
type span struct {
	Bin  int   `json:"bin"` // the first of that name
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// cut tells, for counts that are kept by the unit, which rows lie within a bin, and which bans are to be counted one by
// one since the bin cuts through their row. Of what was purged there are no bans, and the row goes to the bin in which
// it begins.
func cut(bins []Bin, unit, purged int64) (rows, bans []span) {
	first := make(map[string]int, len(bins))
	for n, b := range bins {
		i, known := first[b.Key]
		if !known {
			i, first[b.Key] = n, n
		}
		from, to := b.from(), b.to()
		begin, end := from, to
		if from != math.MinInt64 {
			begin = floor(from+unit-1, unit)
		}
		switch {
		case to == math.MaxInt64:
		case to <= purged:
			end = floor(to+unit-1, unit)
		default:
			end = floor(to, unit)
		}
		if begin < end {
			rows = append(rows, span{i, begin, end})
		}
		if from >= purged && from < begin {
			bans = append(bans, span{i, from, min(begin, to)})
		}
		if to > purged && begin <= end && end < to {
			bans = append(bans, span{i, end, to})
		}
	}
	return rows, bans
}

// hourSums calls yield with the counts of the bins by source and jail, each pair of them once for each name of a bin.
func (s *Store) hourSums(ctx context.Context, bins []Bin, yield func(kept)) error {
	purged, err := purgedTo(ctx, s.r)
	if err != nil {
		return err
	}
	rows, bans := cut(bins, hourSeconds, purged)
	scan := func(rows *sql.Rows) error {
		var k kept
		err := rows.Scan(&k.bin, &k.source, &k.jail, &k.start, &k.bans, &k.friendly, &k.endless)
		if err == nil {
			yield(k)
		}
		return err
	}
	err = s.inSpans(ctx, rows, `SELECT bin, source_id, jail_id, min(hour), sum(bans), sum(friendly), sum(endless)
		FROM spans CROSS JOIN jail_hours ON hour >= start AND hour < stop GROUP BY bin, source_id, jail_id`, scan)
	if err != nil {
		return err
	}
	return s.inSpans(ctx, bans, `SELECT bin, source_id, jail_id, min(time), count(*), sum(friendly), sum(ban_time = 0)
		FROM spans CROSS JOIN bans ON time >= start AND time < stop JOIN addresses a ON a.id = address_id GROUP BY bin, source_id, jail_id`, scan)
}

// hours calls yield with the rows of the bins: key is one of source_id and jail_id, and ids one of addresses and friends,
// whose rows without any are left out. The fewer columns, the faster.
func (s *Store) hours(ctx context.Context, bins []Bin, key, ids string, yield func(kept)) error {
	purged, err := purgedTo(ctx, s.r)
	if err != nil {
		return err
	}
	rows, bans := cut(bins, hourSeconds, purged)
	err = s.inSpans(ctx, rows, fmt.Sprintf(`SELECT bin, %s, bans, friendly, %s
		FROM spans CROSS JOIN jail_hours ON hour >= start AND hour < stop WHERE %[2]s <> x''`, key, ids), func(rows *sql.Rows) error {
		var k kept
		err := rows.Scan(&k.bin, &k.key, &k.bans, &k.friendly, (*sql.RawBytes)(&k.ids))
		if err == nil {
			yield(k)
		}
		return err
	})
	if err != nil {
		return err
	}
	who := "1"
	if ids == "friends" {
		who = "friendly"
	}
	return s.inSpans(ctx, bans, fmt.Sprintf(`SELECT bin, %s, friendly, address_id FROM spans
		CROSS JOIN bans ON time >= start AND time < stop JOIN addresses a ON a.id = address_id WHERE %s`, key, who), func(rows *sql.Rows) error {
		k := kept{bans: 1}
		var id int64
		err := rows.Scan(&k.bin, &k.key, &k.friendly, &id)
		k.ids = newIDSet([]int64{id})
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
		err := rows.Scan(&country, &k.bans, &k.friendly, (*sql.RawBytes)(&k.ids))
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
		k.ids = newIDSet([]int64{id})
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
