package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// BySystem counts bans by the autonomous system of their addresses, with ASN.String as the key, "" where none is known;
// most bans first. Counting distinct addresses takes several times as long.
func (s *Store) BySystem(ctx context.Context, w Window, distinct bool) (Counts, error) {
	c := systemCounter{distinct: distinct, others: map[ASN]int{}}
	if distinct {
		highest, err := s.highestAddressID(ctx)
		if err != nil {
			return Counts{}, err
		}
		c.seen = newDistinct(highest)
	}
	err := s.systems(ctx, w, c.add)
	return c.counts(), err
}

// systems calls yield with the counts of the systems by day, and of single bans where the window splits a day. They
// are valid only until it returns.
func (s *Store) systems(ctx context.Context, w Window, yield func(systemCount)) error {
	within, err := s.known(ctx)
	if err != nil {
		return err
	}
	days, bans := splitBins([]Bin{{Window: w}}, daySeconds, within)
	if len(bans) > 0 {
		p, err := s.packBans(ctx, bans, "asn", false)
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

// Holders returns the holder of each autonomous system in which an address was banned, by ASN.String. The database
// returns all of them in one row, which is cheaper than a row for each.
func (s *Store) Holders(ctx context.Context) (map[string]string, error) {
	var text string
	err := s.r.QueryRowContext(ctx,
		"SELECT coalesce(group_concat('AS' || asn || char(9) || holder, char(10)), '') FROM systems").Scan(&text)
	all := make(map[string]string, strings.Count(text, "\n")+1)
	for line := range strings.SplitSeq(text, "\n") { // no holder has a control character
		key, holder, _ := strings.Cut(line, "\t")
		all[key] = holder
	}
	return all, err
}

// systemCounter adds up counts by system.
type systemCounter struct {
	distinct bool
	seen     distinct // all addresses, if they are to be counted
	rows     []systemTotal
	places   []int32     // by number: in rows, plus 1; of the numbers that are in use, which are low
	others   map[ASN]int // those of higher numbers
}

type systemTotal struct {
	asn            ASN
	bans, friendly int64
	ids            []int64 // of the addresses, in any order and more than once
}

// mostPlaces bounds places: by 2026, the numbers that registries had given to networks ended at 402,332, but for those
// of private use.
const mostPlaces = 1 << 20

// row returns the row of a system, adding it if there is none.
func (c *systemCounter) row(n ASN) *systemTotal {
	if n >= mostPlaces {
		i, known := c.others[n]
		if !known {
			i = len(c.rows)
			c.others[n], c.rows = i, append(c.rows, systemTotal{asn: n})
		}
		return &c.rows[i]
	}
	if more := int(n) + 1 - len(c.places); more > 0 {
		c.places = append(c.places, make([]int32, more)...)
	}
	if c.places[n] == 0 {
		c.rows = append(c.rows, systemTotal{asn: n})
		c.places[n] = int32(len(c.rows)) //nolint:gosec // there are fewer than mostPlaces
	}
	return &c.rows[c.places[n]-1]
}

func (c *systemCounter) add(n systemCount) {
	row := c.row(n.asn)
	row.bans += n.bans
	row.friendly += n.friendly
	if c.distinct {
		c.seen.add(n.addresses)
		row.ids = n.addresses.appendTo(row.ids)
	}
}

// counts counts the distinct addresses of each system, where that is asked for. They are not counted in bitmaps as
// others are: there are too many systems.
func (c *systemCounter) counts() (all Counts) {
	slices.SortFunc(c.rows, func(a, b systemTotal) int {
		return cmp.Or(cmp.Compare(b.bans, a.bans), cmp.Compare(a.asn, b.asn))
	})
	all.Rows = make([]Count, 0, len(c.rows))
	for _, row := range c.rows {
		if row.bans == 0 {
			continue // all of its bans are counted under another system now
		}
		slices.Sort(row.ids)
		row.ids = slices.Compact(row.ids)
		all.Rows = append(all.Rows, Count{
			Key: row.asn.String(), Bans: row.bans, Addresses: int64(len(row.ids)), Friendly: row.friendly,
		})
		all.Total.Bans += row.bans
		all.Total.Friendly += row.friendly
	}
	all.Total.Addresses = c.seen.count()
	return all
}
