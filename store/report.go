package store

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"time"
)

// Window is a stretch of time, From included, To not. A zero From is the beginning, a zero To the end of time.
type Window struct{ From, To time.Time }

func (w Window) from() int64 {
	if w.From.IsZero() {
		return math.MinInt64
	}
	return w.From.Unix()
}

func (w Window) to() int64 {
	if w.To.IsZero() {
		return math.MaxInt64
	}
	return w.To.Unix()
}

// Count is how many bans share a key.
type Count struct {
	Key       string
	Bans      int64
	Addresses int64 // distinct ones
	Friendly  int64 // bans of friendly addresses
}

// Counts is how many bans each key has, and all of them together.
type Counts struct {
	Total Count // of no key
	Rows  []Count
}

// Bin is a stretch of time with a name. Bins of one name are counted together.
type Bin struct {
	Key string
	Window
}

// Totals counts all bans of the window, and leaves out how many addresses they hit.
func (s *Store) Totals(ctx context.Context, w Window) (c Count, err error) {
	err = s.hourSums(ctx, []Bin{{Window: w}}, func(h kept) {
		c.Bans += h.bans
		c.Friendly += h.friendly
	})
	return c, err
}

// ByCountry counts bans by the country believed, "" for unknown; most bans first. An address whose country changed
// after bans of it were purged counts once.
func (s *Store) ByCountry(ctx context.Context, w Window) (Counts, error) {
	var all counter
	err := s.days(ctx, w, func(country Country, k kept) { all.add(string(country), k) })
	return all.mostFirst(), err
}

// ByJail counts bans by jail, "" where the source does not say; most bans first.
func (s *Store) ByJail(ctx context.Context, w Window) (Counts, error) {
	return s.byName(ctx, "jails", "jail_id", w)
}

// BySource counts bans by source; most bans first.
func (s *Store) BySource(ctx context.Context, w Window) (Counts, error) {
	return s.byName(ctx, "sources", "source_id", w)
}

func (s *Store) byName(ctx context.Context, table, id string, w Window) (Counts, error) {
	names, err := s.names(ctx, table)
	if err != nil {
		return Counts{}, err
	}
	var all counter
	err = s.hours(ctx, []Bin{{Window: w}}, id, "addresses", func(k kept) { all.add(names[k.key], k) })
	return all.mostFirst(), err
}

// ByBin counts bans by bin, in the order in which the keys come; keys without bans are left out. The bins do not overlap.
func (s *Store) ByBin(ctx context.Context, bins []Bin) (Counts, error) {
	var all counter
	err := s.hours(ctx, bins, "source_id", "addresses", func(k kept) { all.add(bins[k.bin].Key, k) })
	counts := all.counts()
	place := make(map[string]int, len(bins))
	for i, b := range slices.Backward(bins) {
		place[b.Key] = i
	}
	slices.SortFunc(counts.Rows, func(a, b Count) int { return cmp.Compare(place[a.Key], place[b.Key]) })
	return counts, err
}

// Cell is how many bans of one jail fell into one bin.
type Cell struct {
	Bin, Jail string
	Bans      int64
}

// JailsByBin counts bans by bin and jail. The bins do not overlap.
func (s *Store) JailsByBin(ctx context.Context, bins []Bin) ([]Cell, error) {
	names, err := s.names(ctx, "jails")
	if err != nil {
		return nil, err
	}
	cells := map[Cell]int64{}
	err = s.hourSums(ctx, bins, func(k kept) { cells[Cell{Bin: bins[k.bin].Key, Jail: names[k.jail]}] += k.bans })
	all := make([]Cell, 0, len(cells))
	for c, n := range cells {
		c.Bans = n
		all = append(all, c)
	}
	return all, err
}

// names are the names of jails or sources.
func (s *Store) names(ctx context.Context, table string) (map[int64]string, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT id, name FROM "+table)
	if err != nil {
		return nil, err
	}
	all := map[int64]string{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var id int64
		var name string
		err = rows.Scan(&id, &name)
		all[id] = name
		return none, err
	})
	return all, err
}

// counter adds up by key.
type counter struct {
	keys  map[string]*counted
	total counted
}

type counted struct {
	Count
	addresses distinct
}

func (c *counter) add(key string, k kept) {
	row := c.keys[key]
	if row == nil {
		if c.keys == nil {
			c.keys = map[string]*counted{}
		}
		row = &counted{Count: Count{Key: key}}
		c.keys[key] = row
	}
	for _, n := range []*counted{row, &c.total} {
		n.Bans += k.bans
		n.Friendly += k.friendly
	}
	for id := range k.ids.all {
		row.addresses.add(id)
		c.total.addresses.add(id)
	}
}

func (c *counter) counts() Counts {
	c.total.Addresses = c.total.addresses.n
	counts := Counts{Total: c.total.Count}
	for _, row := range c.keys {
		row.Addresses = row.addresses.n
		counts.Rows = append(counts.Rows, row.Count)
	}
	return counts
}

func (c *counter) mostFirst() Counts {
	counts := c.counts()
	slices.SortFunc(counts.Rows, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Bans, a.Bans), cmp.Compare(a.Key, b.Key)) })
	return counts
}

// Span returns the window from the first ban to just after the last; zero without bans. Where bans were purged it
// begins with the hour of the first.
func (s *Store) Span(ctx context.Context) (Window, error) {
	purged, err := purgedTo(ctx, s.r)
	if err != nil {
		return Window{}, err
	}
	var first, last sql.Null[int64]
	err = s.r.QueryRowContext(ctx, `SELECT
		CASE WHEN (SELECT min(hour) FROM jail_hours) < ?1 THEN (SELECT min(hour) FROM jail_hours) ELSE (SELECT min(time) FROM bans) END,
		coalesce((SELECT max(time) FROM bans), (SELECT max(hour) FROM jail_hours))`, purged).Scan(&first, &last)
	if err != nil || !first.Valid {
		return Window{}, err
	}
	return Window{From: time.Unix(first.V, 0), To: time.Unix(last.V+1, 0)}, nil
}

// Unknown counts the addresses banned in the window of which no country is known, those that could have one.
func (s *Store) Unknown(ctx context.Context, w Window) (n int, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT count(DISTINCT a.id) FROM bans b JOIN addresses a ON a.id = b.address_id
		WHERE b.time >= ? AND b.time < ? AND a.country = '' AND a.public = 1`, w.from(), w.to()).Scan(&n)
	return n, err
}

// Size is the size of the database in bytes.
func (s *Store) Size(ctx context.Context) (n int64, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").Scan(&n)
	return n, err
}
