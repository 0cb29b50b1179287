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

// Window is a period of time, including From, excluding To. A zero From is the beginning, a zero To the end of time.
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

// Count is the number of bans that share a key.
type Count struct {
	Key       string
	Bans      int64
	Addresses int64 // distinct ones, if requested
	Friendly  int64 // bans of friendly addresses
}

// Counts are the counts by key, and their total.
type Counts struct {
	Total Count // without a key
	Rows  []Count
}

// Bin is a window with a key. Bins with the same key are counted together.
type Bin struct {
	Key string
	Window
}

// Totals counts all bans in the window, but not their addresses.
func (s *Store) Totals(ctx context.Context, w Window) (c Count, err error) {
	err = s.hours(ctx, []Bin{{Window: w}}, false, func(h rollupRow) {
		c.Bans += h.bans
		c.Friendly += h.friendly
	})
	return c, err
}

// Addresses counts the distinct addresses banned in the window.
func (s *Store) Addresses(ctx context.Context, w Window) (int64, error) {
	highest, err := s.highestAddressID(ctx)
	if err != nil || w == (Window{}) {
		return highest, err // each address gets its id with its first ban
	}
	all := newDistinct(highest)
	err = s.hours(ctx, []Bin{{Window: w}}, true, func(k rollupRow) { all.add(k.addresses) })
	return all.count(), err
}

// ByCountry counts bans by EnrichedBan.Country, "" for unknown; most bans first. In the total, an address whose country
// changed after bans of it were purged counts once. Counting distinct addresses takes several times as long.
func (s *Store) ByCountry(ctx context.Context, w Window, distinct bool) (Counts, error) {
	all, err := newCounter[string](ctx, s, distinct)
	if err != nil {
		return Counts{}, err
	}
	err = s.rollupRows(ctx, countryDays(distinct), []Bin{{Window: w}}, func(k rollupRow) {
		all.add(string(k.country), k)
	})
	return all.byBans(func(country string) string { return country }), err
}

// ByJail counts bans by jail, "" if the source does not name it; most bans first.
func (s *Store) ByJail(ctx context.Context, w Window, distinct bool) (Counts, error) {
	return s.byName(ctx, "jails", distinct, func(k rollupRow) int64 { return k.jail }, func(yield func(rollupRow)) error {
		return s.hours(ctx, []Bin{{Window: w}}, distinct, yield)
	})
}

// BySource counts bans by source; most bans first.
func (s *Store) BySource(ctx context.Context, w Window, distinct bool) (Counts, error) {
	return s.byName(ctx, "sources", distinct, func(k rollupRow) int64 { return k.source }, func(yield func(rollupRow)) error {
		return s.servers(ctx, w, distinct, yield)
	})
}

// byName counts rows by a key, which is an id in the table jails or sources.
func (s *Store) byName(
	ctx context.Context, table string, distinct bool, key func(rollupRow) int64, rows func(yield func(rollupRow)) error,
) (Counts, error) {
	all, err := newCounter[int64](ctx, s, distinct)
	if err != nil {
		return Counts{}, err
	}
	if err := rows(func(k rollupRow) { all.add(key(k), k) }); err != nil {
		return Counts{}, err
	}
	names, err := s.names(ctx, table)
	return all.byBans(func(id int64) string { return names[id] }), err
}

// ByBin counts bans by bin, in the order in which the keys first occur; keys without bans are left out. The bins must
// not overlap.
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
		all.grouped = len(names) == len(bins)
	}
	err = s.hours(ctx, bins, distinct, func(k rollupRow) { all.add(k.bin, k) })
	name := func(bin int) string { return bins[bin].Key }
	return all.counts(name, func(a, b *counted[int]) int { return cmp.Compare(a.key, b.key) }), err
}

// Cell is the number of bans by one jail in one bin.
type Cell struct {
	Bin, Jail string
	Bans      int64
	Friendly  int64 // bans of friendly addresses
}

// JailsByBin counts bans by bin and jail. The bins must not overlap.
func (s *Store) JailsByBin(ctx context.Context, bins []Bin) ([]Cell, error) {
	type cellKey struct{ bin, jail int64 }
	type count struct{ bans, friendly int64 }
	bans := map[cellKey]count{}
	err := s.hours(ctx, bins, false, func(k rollupRow) {
		n := bans[cellKey{int64(k.bin), k.jail}]
		bans[cellKey{int64(k.bin), k.jail}] = count{n.bans + k.bans, n.friendly + k.friendly}
	})
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, "jails")
	all := make([]Cell, 0, len(bans))
	for p, n := range bans {
		all = append(all, Cell{Bin: bins[p.bin].Key, Jail: names[p.jail], Bans: n.bans, Friendly: n.friendly})
	}
	return all, err
}

// names returns the names in the table jails or sources, by id.
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

// highestAddressID returns the highest id that an address ever had.
func (s *Store) highestAddressID(ctx context.Context) (id int64, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'addresses'").
		Scan(&id)
	return id, err
}

// counter adds up rows by key.
type counter[K comparable] struct {
	distinct bool  // count distinct addresses
	highest  int64 // possible address id
	rows     map[K]*counted[K]
	last     *counted[K] // the row of the last key
	total    distinct    // addresses of closed rows
	spare    []uint64    // cleared bitmap of a closed row, for the next one
	// grouped: apart from partial rows, the rows of a key come in one run. A row is closed when the next key comes, so
	// that only one bitmap of addresses is needed instead of one for each day.
	grouped bool
}

// counted is the sum for one key.
type counted[K comparable] struct {
	key            K
	bans, friendly int64
	seen           distinct
	addresses      int64 // once it is closed
	partial        bool  // it contains partial rows, which come before the run of its key
}

func newCounter[K comparable](ctx context.Context, s *Store, distinct bool) (c counter[K], err error) {
	c.distinct = distinct
	if distinct {
		c.highest, err = s.highestAddressID(ctx)
	}
	return c, err
}

func (c *counter[K]) add(key K, k rollupRow) {
	if c.last == nil || c.last.key != key {
		if c.grouped && c.last != nil && !c.last.partial {
			c.close(c.last)
		}
		c.last = c.row(key)
	}
	c.last.bans += k.bans
	c.last.friendly += k.friendly
	c.last.partial = c.last.partial || k.partial
	if c.distinct {
		c.last.seen.add(k.addresses)
	}
}

func (c *counter[K]) row(key K) *counted[K] {
	if c.rows == nil {
		c.rows = map[K]*counted[K]{}
	}
	row := c.rows[key]
	if row == nil {
		row = &counted[K]{key: key}
		if row.seen.words = c.spare; c.distinct && row.seen.words == nil {
			row.seen = newDistinct(c.highest)
		}
		c.rows[key], c.spare = row, nil
	}
	return row
}

// close counts the distinct addresses of a row, and releases their bitmap.
func (c *counter[K]) close(row *counted[K]) {
	row.addresses = row.seen.count()
	c.total.or(&row.seen)
	c.spare, row.seen.words = row.seen.words, nil
	clear(c.spare)
}

func (c *counter[K]) counts(name func(K) string, order func(a, b *counted[K]) int) (all Counts) {
	for _, row := range slices.SortedFunc(maps.Values(c.rows), order) {
		if row.seen.words != nil {
			c.close(row)
		}
		all.Rows = append(all.Rows, Count{
			Key: name(row.key), Bans: row.bans, Addresses: row.addresses, Friendly: row.friendly,
		})
		all.Total.Bans += row.bans
		all.Total.Friendly += row.friendly
	}
	all.Total.Addresses = c.total.count()
	return all
}

func (c *counter[K]) byBans(name func(K) string) Counts {
	return c.counts(name, func(a, b *counted[K]) int {
		return cmp.Or(cmp.Compare(b.bans, a.bans), cmp.Compare(name(a.key), name(b.key)))
	})
}

// Span returns the window from the first ban to just after the last; zero without bans. If bans were purged, it begins
// at the hour of the first.
func (s *Store) Span(ctx context.Context) (Window, error) {
	purged, err := purgedBefore(ctx, s.r)
	if err != nil {
		return Window{}, err
	}
	var first, last sql.Null[int64]
	err = s.r.QueryRowContext(ctx, `SELECT
		CASE WHEN (SELECT min(hour) FROM jail_hours) < ?1 THEN (SELECT min(hour) FROM jail_hours)
			ELSE (SELECT min(time) FROM bans) END,
		coalesce((SELECT max(time) FROM bans), (SELECT max(hour) FROM jail_hours))`, purged).Scan(&first, &last)
	if err != nil || !first.Valid {
		return Window{}, err
	}
	return Window{From: time.Unix(first.V, 0), To: time.Unix(last.V+1, 0)}, nil
}

// Unknown counts the public addresses banned in the window whose country is not known.
func (s *Store) Unknown(ctx context.Context, w Window) (n int, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT count(DISTINCT a.id) FROM bans b JOIN addresses a ON a.id = b.address_id
		WHERE b.time >= ? AND b.time < ? AND a.country = '' AND a.public = 1`, w.from(), w.to()).Scan(&n)
	return n, err
}

// Size returns the size of the database in bytes.
func (s *Store) Size(ctx context.Context) (n int64, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").
		Scan(&n)
	return n, err
}
