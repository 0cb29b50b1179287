package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
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
	Addresses int64 // distinct ones, if they were to be counted
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
	err = s.hours(ctx, []Bin{{Window: w}}, false, func(h rollupRow) {
		c.Bans += h.bans
		c.Friendly += h.friendly
	})
	return c, err
}

// Addresses counts the distinct addresses banned in the window.
func (s *Store) Addresses(ctx context.Context, w Window) (int64, error) {
	highest, err := s.highest(ctx)
	if err != nil || w == (Window{}) {
		return highest, err // an address has its number from its first ban
	}
	all := newDistinct(highest)
	err = s.hours(ctx, []Bin{{Window: w}}, true, func(k rollupRow) { all.add(k.addresses) })
	return all.count(), err
}

// ByCountry counts bans by the country believed, "" for unknown; most bans first. An address whose country changed
// after bans of it were purged counts once. To count distinct addresses takes several times as long.
func (s *Store) ByCountry(ctx context.Context, w Window, distinct bool) (Counts, error) {
	all, err := newCounter[string](ctx, s, distinct)
	if err != nil {
		return Counts{}, err
	}
	err = s.rollupRows(ctx, countryDays(distinct), []Bin{{Window: w}}, func(k rollupRow) { all.add(string(k.country), k) })
	return all.mostFirst(func(country string) string { return country }), err
}

// ByJail counts bans by jail, "" where the source does not say; most bans first.
func (s *Store) ByJail(ctx context.Context, w Window, distinct bool) (Counts, error) {
	return s.byName(ctx, "jails", w, distinct, func(k rollupRow) int64 { return k.jail })
}

// BySource counts bans by source; most bans first.
func (s *Store) BySource(ctx context.Context, w Window, distinct bool) (Counts, error) {
	return s.byName(ctx, "sources", w, distinct, func(k rollupRow) int64 { return k.source })
}

func (s *Store) byName(ctx context.Context, table string, w Window, distinct bool, key func(rollupRow) int64) (Counts, error) {
	all, err := newCounter[int64](ctx, s, distinct)
	if err != nil {
		return Counts{}, err
	}
	err = s.hours(ctx, []Bin{{Window: w}}, distinct, func(k rollupRow) { all.add(key(k), k) })
	if err != nil {
		return Counts{}, err
	}
	names, err := s.names(ctx, table)
	return all.mostFirst(func(id int64) string { return names[id] }), err
}

// ByBin counts bans by bin, in the order in which the keys come; keys without bans are left out. The bins do not overlap.
func (s *Store) ByBin(ctx context.Context, bins []Bin, distinct bool) (Counts, error) {
	all, err := newCounter[int](ctx, s, distinct)
	if err != nil {
		return Counts{}, err
	}
	if distinct {
		names := make(map[string]bool, len(bins))
		for _, b := range bins {
			names[b.Key] = true
		}
		all.inTurn = len(names) == len(bins)
	}
	err = s.hours(ctx, bins, distinct, func(k rollupRow) { all.add(k.bin, k) })
	return all.counts(func(bin int) string { return bins[bin].Key }, func(a, b *counted[int]) int { return cmp.Compare(a.key, b.key) }), err
}

// Cell is how many bans of one jail fell into one bin.
type Cell struct {
	Bin, Jail string
	Bans      int64
}

// JailsByBin counts bans by bin and jail. The bins do not overlap.
func (s *Store) JailsByBin(ctx context.Context, bins []Bin) ([]Cell, error) {
	type place struct{ bin, jail int64 }
	bans := map[place]int64{}
	err := s.hours(ctx, bins, false, func(k rollupRow) { bans[place{int64(k.bin), k.jail}] += k.bans })
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, "jails")
	all := make([]Cell, 0, len(bans))
	for p, n := range bans {
		all = append(all, Cell{Bin: bins[p.bin].Key, Jail: names[p.jail], Bans: n})
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

// highest is the highest id that an address ever had.
func (s *Store) highest(ctx context.Context) (id int64, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'addresses'").Scan(&id)
	return id, err
}

// counter adds up by key.
type counter[K comparable] struct {
	apart   bool  // tell addresses apart
	highest int64 // id that an address can have
	rows    map[K]*counted[K]
	last    *counted[K] // what was added to last
	total   distinct    // of rows that are closed
	spare   []uint64    // of a row that is closed, without its bits
	// inTurn: what is of a key comes without a break, bans that a bin cuts off apart. A row is closed when the next key
	// comes, and memory is taken for one set of addresses instead of one for each day.
	inTurn bool
}

type counted[K comparable] struct {
	key            K
	bans, friendly int64
	who            distinct
	addresses      int64 // once it is closed
	cut            bool  // bans that a bin cuts off are counted here: they come before their time
}

func newCounter[K comparable](ctx context.Context, s *Store, distinct bool) (c counter[K], err error) {
	c.apart = distinct
	if distinct {
		c.highest, err = s.highest(ctx)
	}
	return c, err
}

func (c *counter[K]) add(key K, k rollupRow) {
	if c.last == nil || c.last.key != key {
		if c.inTurn && c.last != nil && !c.last.cut {
			c.close(c.last)
		}
		c.last = c.row(key)
	}
	c.last.bans += k.bans
	c.last.friendly += k.friendly
	c.last.cut = c.last.cut || k.cut
	if c.apart {
		c.last.who.add(k.addresses)
	}
}

func (c *counter[K]) row(key K) *counted[K] {
	if c.rows == nil {
		c.rows = map[K]*counted[K]{}
	}
	row := c.rows[key]
	if row == nil {
		row = &counted[K]{key: key}
		if row.who.words = c.spare; c.apart && row.who.words == nil {
			row.who = newDistinct(c.highest)
		}
		c.rows[key], c.spare = row, nil
	}
	return row
}

// close counts the addresses of a row and lets go of them.
func (c *counter[K]) close(row *counted[K]) {
	row.addresses = row.who.count()
	c.total.or(&row.who)
	c.spare, row.who.words = row.who.words, nil
	clear(c.spare)
}

func (c *counter[K]) counts(name func(K) string, order func(a, b *counted[K]) int) (all Counts) {
	for _, row := range slices.SortedFunc(maps.Values(c.rows), order) {
		if row.who.words != nil {
			c.close(row)
		}
		all.Rows = append(all.Rows, Count{Key: name(row.key), Bans: row.bans, Addresses: row.addresses, Friendly: row.friendly})
		all.Total.Bans += row.bans
		all.Total.Friendly += row.friendly
	}
	all.Total.Addresses = c.total.count()
	return all
}

func (c *counter[K]) mostFirst(name func(K) string) Counts {
	return c.counts(name, func(a, b *counted[K]) int {
		return cmp.Or(cmp.Compare(b.bans, a.bans), cmp.Compare(name(a.key), name(b.key)))
	})
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
