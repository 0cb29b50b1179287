package store

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"sort"
)

// rollupRow is what is counted of some bans: a row of the counts, or the one ban where a bin cuts through the hour or day of
// a row.
type rollupRow struct {
	bin            int    // whose it is: the first bin of that name
	time           int64  // of the ban, or the start of the hour or day
	source, jail   int64  // of hours only
	country        []byte // of days only
	bans, friendly int64
	endless        int64 // of hours only: bans of which the source does not say how long they last
	addresses      idSet // who was banned, if that was asked
	friends        idSet // of hours only: the friendly ones of them
	cut            bool  // it is the one ban
}

// timeRange is a part of a bin, From included, To not.
type timeRange struct {
	Bin  int   `json:"bin"` // the first of that name
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// cut tells, for counts that are kept by the unit, which rows lie within a bin, and which bans are to be counted one by
// one since the bin cuts through their row; both in order of time. Of what was purged there are no bans, and the row goes
// to the bin in which it begins.
func cut(bins []Bin, unit, purged int64) (rows, bans []timeRange) {
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
			rows = append(rows, timeRange{i, begin, end})
		}
		if from >= purged && from < begin {
			bans = append(bans, timeRange{i, from, min(begin, to)})
		}
		if to > purged && begin <= end && end < to {
			bans = append(bans, timeRange{i, end, to})
		}
	}
	order := func(a, b timeRange) int { return cmp.Compare(a.From, b.From) }
	slices.SortFunc(rows, order)
	slices.SortFunc(bans, order)
	return rows, bans
}

// hours calls yield with the counts of the bins by hour, source and jail, and if asked with who was banned. What it is given is
// good until it returns.
func (s *Store) hours(ctx context.Context, bins []Bin, who bool, yield func(rollupRow)) error {
	return s.rollupRows(ctx, jailHours(who), bins, yield)
}

func (s *Store) rollupRows(ctx context.Context, c rollup, bins []Bin, yield func(rollupRow)) error {
	purged, err := purgedTo(ctx, s.r)
	if err != nil {
		return err
	}
	rows, bans := cut(bins, c.unit, purged)
	if len(bans) > 0 {
		p, err := s.packBans(ctx, bans)
		if err != nil {
			return err
		}
		within(bans, p, func(k rollupRow) {
			k.cut = true
			yield(k)
		})
	}
	if len(rows) == 0 {
		return nil
	}
	return c.read(ctx, s.r, rows[0].From, rows[len(rows)-1].To, func(p pack) { within(rows, p, yield) })
}

// within yields what of a pack lies in one of the spans, which ascend.
func within(spans []timeRange, p pack, yield func(rollupRow)) {
	var in timeRange // nothing lies in it
	for k := range p.all {
		if k.time < in.From || k.time >= in.To {
			i := sort.Search(len(spans), func(i int) bool { return k.time < spans[i].To })
			if i == len(spans) || k.time < spans[i].From {
				continue
			}
			in = spans[i]
		}
		k.bin = in.Bin
		yield(k)
	}
}

// packBans makes a pack of the bans in the spans, each a row of its own.
func (s *Store) packBans(ctx context.Context, spans []timeRange) (p pack, err error) {
	list, err := json.Marshal(spans)
	if err != nil {
		return nil, err
	}
	err = s.r.QueryRowContext(ctx, `WITH spans AS MATERIALIZED (SELECT value ->> 'from' AS start, value ->> 'to' AS stop FROM json_each(?))
		SELECT pack(time, source_id, jail_id, country, 1, friendly, ban_time = 0, address_id, CASE friendly WHEN 1 THEN address_id ELSE x'' END)
		FROM spans CROSS JOIN bans ON time >= start AND time < stop JOIN addresses a ON a.id = address_id`, string(list)).Scan((*[]byte)(&p))
	return p, err
}
