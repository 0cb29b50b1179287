package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
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

// Totals counts all bans of the window.
func (s *Store) Totals(ctx context.Context, w Window) (Count, error) {
	all, err := s.counts(ctx, "''", "", w)
	if err != nil || len(all) == 0 {
		return Count{}, err
	}
	return all[0], nil
}

// ByCountry counts bans by the country believed, "" for unknown; most bans first.
func (s *Store) ByCountry(ctx context.Context, w Window) ([]Count, error) {
	return s.counts(ctx, "a.country", "", w)
}

// ByJail counts bans by jail, "" where the source does not say; most bans first.
func (s *Store) ByJail(ctx context.Context, w Window) ([]Count, error) {
	return s.counts(ctx, "j.name", "JOIN jails j ON j.id = b.jail_id", w)
}

// BySource counts bans by source; most bans first.
func (s *Store) BySource(ctx context.Context, w Window) ([]Count, error) {
	return s.counts(ctx, "s.name", "JOIN sources s ON s.id = b.source_id", w)
}

func (s *Store) counts(ctx context.Context, key, join string, w Window) ([]Count, error) {
	return s.count(ctx, fmt.Sprintf(`SELECT %s AS key, count(*) AS bans, count(DISTINCT b.address_id), sum(a.friendly)
		FROM bans b JOIN addresses a ON a.id = b.address_id %s
		WHERE b.time >= ? AND b.time < ? GROUP BY key ORDER BY bans DESC, key`, key, join), w.from(), w.to())
}

func (s *Store) count(ctx context.Context, query string, args ...any) ([]Count, error) {
	rows, err := s.r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (c Count, err error) {
		err = rows.Scan(&c.Key, &c.Bans, &c.Addresses, &c.Friendly)
		return c, err
	})
}

// Bin is a stretch of time with a name. Bins of one name are counted together.
type Bin struct {
	Key string
	Window
}

// ByBin counts bans by bin, in the order in which the keys come; keys without bans are left out.
func (s *Store) ByBin(ctx context.Context, bins []Bin) ([]Count, error) {
	return s.count(ctx, `SELECT bin.key, count(*), count(DISTINCT b.address_id), sum(a.friendly)
		FROM (SELECT key AS nth, value ->> 0 AS key, value ->> 1 AS start, value ->> 2 AS stop FROM json_each(?)) bin
		CROSS JOIN bans b ON b.time >= bin.start AND b.time < bin.stop JOIN addresses a ON a.id = b.address_id
		GROUP BY bin.key ORDER BY min(bin.nth)`, binList(bins))
}

// Cell is how many bans of one jail fell into one bin.
type Cell struct {
	Bin, Jail string
	Bans      int64
}

// JailsByBin counts bans by bin and jail.
func (s *Store) JailsByBin(ctx context.Context, bins []Bin) ([]Cell, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT bin.key, j.name, count(*)
		FROM (SELECT value ->> 0 AS key, value ->> 1 AS start, value ->> 2 AS stop FROM json_each(?)) bin
		CROSS JOIN bans b ON b.time >= bin.start AND b.time < bin.stop JOIN jails j ON j.id = b.jail_id
		GROUP BY bin.key, j.name`, binList(bins))
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (c Cell, err error) {
		err = rows.Scan(&c.Bin, &c.Jail, &c.Bans)
		return c, err
	})
}

func binList(bins []Bin) string {
	list := make([][3]any, len(bins))
	for i, b := range bins {
		list[i] = [3]any{b.Key, b.from(), b.to()}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings and integers always marshal
	}
	return string(text)
}

// Span returns the window from the first ban to just after the last; zero without bans.
func (s *Store) Span(ctx context.Context) (Window, error) {
	var first, last sql.NullInt64
	err := s.r.QueryRowContext(ctx, "SELECT min(time), max(time) FROM bans").Scan(&first, &last)
	if err != nil || !first.Valid {
		return Window{}, err
	}
	return Window{From: time.Unix(first.Int64, 0), To: time.Unix(last.Int64+1, 0)}, nil
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
