package store

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"sort"
)

// rollupRow is a row of a rollup, or a single ban where the boundary of a bin splits the hour or day of a row.
type rollupRow struct {
	bin            int    // index of the first bin with its key
	time           int64  // of the ban, or the start of the hour or day
	source, jail   int64  // in jail_hours only
	country        []byte // in country_days only
	bans, friendly int64
	endless        int64 // in jail_hours only, of single bans on request: those whose source does not give their duration
	addresses      idSet // that were banned, if requested
	friends        idSet // in jail_hours only: the friendly ones of them
	partial        bool  // it is a single ban
}

// timeRange is a part of a bin, including From, excluding To.
type timeRange struct {
	Bin  int   `json:"bin"` // index of the first bin with its key
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// splitBins divides the bins into whole rows of so many seconds, and the rest, in which bans have to be counted one by
// one because the bin splits their row. Both are in order of time. Purged bans cannot be counted one by one: such a row
// belongs to the bin in which it begins. A bin that ends behind the last of all bans splits nothing there.
func splitBins(bins []Bin, seconds int64, k known) (rows, bans []timeRange) {
	first := make(map[string]int, len(bins))
	for n, b := range bins {
		i, known := first[b.Key]
		if !known {
			i, first[b.Key] = n, n
		}
		from, to := b.from(), b.to()
		begin, end := from, to
		if from != math.MinInt64 {
			begin = floor(from+seconds-1, seconds)
		}
		switch {
		case to == math.MaxInt64:
		case to <= k.from || to > k.last:
			end = floor(to+seconds-1, seconds)
		default:
			end = floor(to, seconds)
		}
		if begin < end {
			rows = append(rows, timeRange{i, begin, end})
		}
		if from >= k.from && from < begin {
			bans = append(bans, timeRange{i, from, min(begin, to)})
		}
		if to > k.from && begin <= end && end < to {
			bans = append(bans, timeRange{i, end, to})
		}
	}
	order := func(a, b timeRange) int { return cmp.Compare(a.From, b.From) }
	slices.SortFunc(rows, order)
	slices.SortFunc(bans, order)
	return rows, bans
}

// known is where there are single bans.
type known struct {
	from int64 // earlier ones are purged
	last int64 // time of the last one
}

func (s *Store) known(ctx context.Context) (k known, err error) {
	if k.from, err = purgedBefore(ctx, s.r); err != nil {
		return k, err
	}
	err = s.r.QueryRowContext(ctx, "SELECT coalesce(max(time), ?) FROM bans", int64(math.MinInt64)).Scan(&k.last)
	return k, err
}

// hours calls yield with the bans in the bins by hour and jail, all sources together, with the banned addresses if
// requested. A row is valid only until yield returns.
func (s *Store) hours(ctx context.Context, bins []Bin, addresses bool, yield func(rollupRow)) error {
	return s.rollupRows(ctx, hoursOfAll(addresses), bins, yield)
}

// rollupRows calls yield with the rows of the rollup in the bins, and with single bans where a bin splits a row.
func (s *Store) rollupRows(ctx context.Context, r rollup, bins []Bin, yield func(rollupRow)) error {
	within, err := s.known(ctx)
	if err != nil {
		return err
	}
	rows, bans := splitBins(bins, r.seconds, within)
	if len(bans) > 0 {
		p, err := s.packBans(ctx, bans, "source_id", r.endless)
		if err != nil {
			return err
		}
		rowsWithin(bans, p, func(k rollupRow) {
			k.partial = true
			yield(k)
		})
	}
	if len(rows) == 0 {
		return nil
	}
	return r.read(ctx, s.r, rows[0].From, rows[len(rows)-1].To, func(p pack) { rowsWithin(rows, p, yield) })
}

// rowsWithin yields the rows of a pack that lie in one of the ranges, which must ascend.
func rowsWithin(ranges []timeRange, p pack, yield func(rollupRow)) {
	var in timeRange // empty
	for k := range p.all {
		if k.time < in.From || k.time >= in.To {
			i := sort.Search(len(ranges), func(i int) bool { return k.time < ranges[i].To })
			if i == len(ranges) || k.time < ranges[i].From {
				continue
			}
			in = ranges[i]
		}
		k.bin = in.Bin
		yield(k)
	}
}

// packBans returns a pack of the bans in the ranges, with a row for each ban. source is the SQL of what stands in its
// place for the source. Without endless, an index has all that is needed of a ban, and it takes half the time.
func (s *Store) packBans(ctx context.Context, ranges []timeRange, source string, endless bool) (p pack, err error) {
	list, err := json.Marshal(ranges)
	if err != nil {
		return nil, err
	}
	isEndless := "0"
	if endless {
		isEndless = endlessNow
	}
	err = s.r.QueryRowContext(ctx, `WITH ranges AS MATERIALIZED (
			SELECT value ->> 'from' AS start, value ->> 'to' AS stop FROM json_each(?))
		SELECT pack(time, `+source+`, jail_id, country, 1, friendly, `+isEndless+`, address_id,
			CASE friendly WHEN 1 THEN address_id ELSE x'' END)
		FROM ranges CROSS JOIN bans ON time >= start AND time < stop JOIN addresses a ON a.id = address_id`,
		string(list)).Scan((*[]byte)(&p))
	return p, err
}
