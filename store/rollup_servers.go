package store

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"
)

// servers calls yield with the bans of the window by source and jail, with the banned addresses if requested: days
// where they are whole and over, and hours and single bans at its ends. A row is valid only until yield returns.
func (s *Store) servers(ctx context.Context, w Window, addresses bool, yield func(rollupRow)) error {
	if addresses {
		return s.rollupRows(ctx, hoursOfServers(true), []Bin{{Window: w}}, yield)
	}
	within, err := s.known(ctx)
	if err != nil {
		return err
	}
	first, end := w.from(), min(w.to(), within.last)
	if first != math.MinInt64 {
		first = floor(first+daySeconds-1, daySeconds)
	}
	if end > first {
		end = floor(end, daySeconds)
	}
	if end <= first {
		return s.rollupRows(ctx, hoursOfServers(false), []Bin{{Window: w}}, yield)
	}
	days := []timeRange{{0, first, end}}
	err = daysOfServers().read(ctx, s.r, first, end, func(p pack) { rowsWithin(days, p, yield) })
	if err != nil {
		return err
	}
	ends := []Window{{From: time.Unix(end, 0), To: w.To}}
	if w.from() < first {
		ends = append(ends, Window{From: w.From, To: time.Unix(first, 0)})
	}
	for _, w := range ends {
		if err := s.rollupRows(ctx, hoursOfServers(false), []Bin{{Window: w}}, yield); err != nil {
			return err
		}
	}
	return nil
}

// hoursOf calls yield with the bans of one source in the window, by hour and jail, without addresses; with none if
// there is no such source. relayed says to include those of the servers that are in its file.
func (s *Store) hoursOf(ctx context.Context, source string, relayed bool, w Window, yield func(rollupRow)) error {
	rows, err := s.r.QueryContext(ctx, `SELECT id FROM sources WHERE name = ?1
		UNION SELECT source_id FROM relayed JOIN sources ON id = relay_id WHERE name = ?1 AND ?2`, source, relayed)
	if err != nil {
		return err
	}
	ids, err := collect(rows, single[int64])
	if err != nil || len(ids) == 0 {
		return err
	}
	within, err := s.known(ctx)
	if err != nil {
		return err
	}
	hours, bans := splitBins([]Bin{{Window: w}}, hourSeconds, within)
	if len(bans) > 0 {
		p, err := s.packBans(ctx, bans, "source_id", false)
		if err != nil {
			return err
		}
		rowsWithin(bans, p, func(k rollupRow) {
			if slices.Contains(ids, k.source) {
				yield(k)
			}
		})
	}
	if len(hours) == 0 {
		return nil
	}
	// Each hour and source is looked up by itself: the others may have far more rows.
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	var p pack
	err = s.r.QueryRowContext(ctx, hoursOfServers(false).hops("at + 1")+`
		SELECT pack(hour, source_id, jail_id, '', bans, friendly, endless, x'', friends)
		FROM hops CROSS JOIN json_each(?3) CROSS JOIN jail_hours ON hour = at AND source_id = json_each.value`,
		hours[0].From, hours[0].To, string(list)).Scan((*[]byte)(&p))
	if err == nil {
		rowsWithin(hours, p, yield)
	}
	return err
}
