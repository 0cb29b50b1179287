package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
)

// BySystem counts bans by the autonomous system of their addresses, with ASN.String as the key, "" where none is known;
// most bans first. Counting distinct addresses takes several times as long.
func (s *Store) BySystem(ctx context.Context, w Window, distinct bool) (all Counts, err error) {
	c := systemCounter{distinct: distinct, rows: map[ASN]*systemTotal{}}
	if err := s.systems(ctx, w, c.add); err != nil {
		return all, err
	}
	if distinct {
		highest, err := s.highestAddressID(ctx)
		if err != nil {
			return all, err
		}
		all.Total.Addresses = c.addresses(highest)
	}
	for asn, row := range c.rows {
		row.Key = asn.String()
		all.Rows = append(all.Rows, row.Count)
		all.Total.Bans += row.Bans
		all.Total.Friendly += row.Friendly
	}
	slices.SortFunc(all.Rows, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Bans, a.Bans), cmp.Compare(a.Key, b.Key))
	})
	return all, nil
}

// systems calls yield with the counts of the systems by day, and of single bans where the window splits a day. They
// are valid only until it returns.
func (s *Store) systems(ctx context.Context, w Window, yield func(systemCount)) error {
	purged, err := purgedBefore(ctx, s.r)
	if err != nil {
		return err
	}
	days, bans := splitBins([]Bin{{Window: w}}, daySeconds, purged)
	if len(bans) > 0 {
		p, err := s.packBans(ctx, bans, "asn")
		if err != nil {
			return err
		}
		rowsWithin(bans, p, func(k rollupRow) {
			yield(systemCount{ASN(k.source), k.bans, k.friendly, k.addresses}) //nolint:gosec // was one
		})
	}
	if len(days) == 0 {
		return nil
	}
	rows, err := s.r.QueryContext(ctx, "SELECT systems FROM system_days WHERE day >= ? AND day < ?",
		days[0].From, days[0].To)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var set sql.RawBytes
		if err := rows.Scan(&set); err != nil {
			return none, err
		}
		systemSet(set).all(func(c systemCount) bool {
			yield(c)
			return true
		})
		return none, nil
	})
	return err
}

// Holders returns the holder of each autonomous system in which an address was banned, by ASN.String.
func (s *Store) Holders(ctx context.Context) (map[string]string, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT asn, holder FROM systems")
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var n ASN
		var holder string
		err = rows.Scan(&n, &holder)
		all[n.String()] = holder
		return none, err
	})
	return all, err
}

// systemCounter adds up counts by system.
type systemCounter struct {
	distinct bool
	rows     map[ASN]*systemTotal
}

type systemTotal struct {
	Count

	ids []int64 // of the addresses, in any order and more than once
}

func (c *systemCounter) add(n systemCount) {
	row := c.rows[n.asn]
	if row == nil {
		row = &systemTotal{}
		c.rows[n.asn] = row
	}
	row.Bans += n.bans
	row.Friendly += n.friendly
	if c.distinct {
		row.ids = slices.AppendSeq(row.ids, n.addresses.all)
	}
}

// addresses counts the distinct addresses of each system, and returns how many there are in all. They are not counted
// in bitmaps as others are: there are too many systems.
func (c *systemCounter) addresses(highest int64) int64 {
	all := newDistinct(highest)
	for _, row := range c.rows {
		slices.Sort(row.ids)
		row.ids = slices.Compact(row.ids)
		row.Addresses = int64(len(row.ids))
		all.add(newIDSet(row.ids))
	}
	return all.count()
}
