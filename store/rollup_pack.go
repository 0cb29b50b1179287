package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"modernc.org/sqlite"
)

// A pack is a cache of ten days' rows of a rollup in one blob, one after the other, each as
//
//	difference of its time from that of the previous row (zigzag), source, jail, length of the country, country,
//	bans, friendly, endless, length of the addresses, addresses, length of the friends, friends
//
// where numbers are varints. Finding rows and fetching them one by one costs many times as much as counting them. A
// pack is never changed: it is emptied in the transaction that changes one of its rows, and rebuilt later. Where it is
// missing or empty, the rows are read, with the same result.
type pack []byte

const packSeconds = 10 * daySeconds

// rollup is a table from whose rows packs are made.
type rollup struct {
	seconds    int64  // covered by a row
	packUnit   int64  // the column unit of its packs
	table      string // with a condition
	timeColumn string
	packExpr   string // aggregates rows into a pack
}

// jailHours is the rollup by hour, source and jail, with or without addresses.
func jailHours(addresses bool) rollup {
	unit, column := addressPacks(hourSeconds, addresses)
	return rollup{
		hourSeconds, unit, "jail_hours WHERE true", "hour",
		"pack(hour, source_id, jail_id, '', bans, friendly, endless, " + column + ", friends)",
	}
}

// countryDays is the rollup by day and country, with or without addresses.
func countryDays(addresses bool) rollup {
	unit, column := addressPacks(daySeconds, addresses)
	return rollup{
		daySeconds, unit, "country_days WHERE true", "day",
		"pack(day, 0, 0, country, bans, friendly, 0, " + column + ", x'')",
	}
}

// addressPacks returns the unit and the SQL of the addresses for packs with or without them. Addresses take up nearly
// all of a pack.
func addressPacks(seconds int64, addresses bool) (unit int64, column string) {
	if addresses {
		return seconds, "addresses"
	}
	return -seconds, "x''"
}

// allRollups returns all rollups that have packs.
func allRollups() []rollup {
	return []rollup{jailHours(true), jailHours(false), countryDays(true), countryDays(false), longBans()}
}

// all yields the rows of the pack, which share its memory.
func (p pack) all(yield func(rollupRow) bool) {
	var k rollupRow
	number := func() uint64 {
		v, n := binary.Uvarint(p)
		p = p[max(n, 0):]
		return v
	}
	text := func() []byte {
		n := min(number(), uint64(len(p)))
		b := p[:n]
		p = p[n:]
		return b
	}
	for len(p) > 0 {
		distance, n := binary.Varint(p)
		if n <= 0 {
			return // malformed
		}
		p = p[n:]
		k.time += distance
		k.source, k.jail, k.country = int64(number()), int64(number()), text()            //nolint:gosec // were int64
		k.bans, k.friendly, k.endless = int64(number()), int64(number()), int64(number()) //nolint:gosec // were int64
		k.addresses, k.friends = text(), text()
		if !yield(k) {
			return
		}
	}
}

// packer is the SQL aggregate pack(time, source, jail, country, bans, friendly, endless, addresses, friends), which
// makes a pack of rows. For addresses and friends it also takes a single id instead of a set.
type packer struct {
	pack pack
	last int64
}

// Step adds a row.
func (p *packer) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	for i, arg := range args {
		switch v := arg.(type) {
		case int64:
			switch i {
			case 0:
				p.pack, p.last = binary.AppendVarint(p.pack, v-p.last), v
			case 7, 8:
				var id [binary.MaxVarintLen64]byte
				p.add(binary.AppendUvarint(id[:0], uint64(v))) //nolint:gosec // ids are positive
			default:
				p.pack = binary.AppendUvarint(p.pack, uint64(v)) //nolint:gosec // decoding reverses the conversion
			}
		case []byte:
			p.add(v)
		case string:
			p.add([]byte(v))
		default:
			return fmt.Errorf("pack: %T in place %d", arg, i)
		}
	}
	return nil
}

func (p *packer) add(b []byte) {
	p.pack = append(binary.AppendUvarint(p.pack, uint64(len(b))), b...)
}

// WindowInverse fails: pack is not a window function.
func (p *packer) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return fmt.Errorf("pack: no window function")
}

// WindowValue returns the pack.
func (p *packer) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	return []byte(p.pack), nil
}

// Final has nothing to release.
func (p *packer) Final(*sqlite.FunctionContext) {}

func registerPack() error {
	return sqlite.RegisterFunction("pack", &sqlite.FunctionImpl{
		NArgs: 9, Deterministic: true, VolatileArgs: true,
		MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) { return &packer{}, nil },
	})
}

// startsQuery is the SQL of a table starts with the starts of the packs that have rows from ?1 to ?2. It jumps from row
// to row, since times may lie thousands of years apart.
func (r rollup) startsQuery() string {
	first := fmt.Sprintf("min(%[1]s) - (min(%[1]s) %% %[2]d + %[2]d) %% %[2]d FROM %[3]s AND %[1]s < ?2 AND %[1]s",
		r.timeColumn, packSeconds, r.table)
	return fmt.Sprintf(`WITH RECURSIVE first (start) AS (
			SELECT %[1]s >= ?1
			UNION ALL
			SELECT (SELECT %[1]s >= start + %[2]d) FROM first WHERE start IS NOT NULL),
		starts AS (SELECT start FROM first WHERE start IS NOT NULL) `, first, packSeconds)
}

// read calls yield with packs that contain all rows from one moment to another, and maybe some around them, in order.
func (r rollup) read(ctx context.Context, db querier, from, to int64, yield func(pack)) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf(`%[1]s SELECT coalesce(
			(SELECT rows FROM packs WHERE unit = ?3 AND packs.start = starts.start AND length(rows) > 0),
			(SELECT %[2]s FROM %[3]s AND %[4]s >= max(starts.start, ?1) AND %[4]s < min(starts.start + ?4, ?2)))
		FROM starts`, r.startsQuery(), r.packExpr, r.table, r.timeColumn), from, to, r.packUnit, packSeconds)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var p sql.RawBytes
		if err := rows.Scan(&p); err != nil {
			return none, err
		}
		yield(pack(p))
		return none, nil
	})
	return err
}

// invalidatePacks empties the packs of the rollups that begin at the times.
func invalidatePacks(ctx context.Context, tx *sql.Tx, times map[int64]bool, all ...rollup) error {
	if len(times) == 0 {
		return nil
	}
	starts, err := json.Marshal(slices.Sorted(maps.Keys(times)))
	if err != nil {
		return err
	}
	for _, r := range all {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO packs (unit, start, rows)
			SELECT unit, start, x'' FROM packs
			WHERE unit = ? AND start IN (SELECT value FROM json_each(?)) AND length(rows) > 0`,
			r.packUnit, string(starts))
		if err != nil {
			return err
		}
	}
	return nil
}

// Pack makes packs of the past, so that reports over months and years are fast: all that are missing, but only one of
// those that were emptied. While whois works through a long history, packs are emptied all the time.
func (s *Store) Pack(ctx context.Context, now time.Time) error {
	for _, r := range allRollups() {
		starts, err := r.stalePacks(ctx, s.r, now)
		if err != nil {
			return fmt.Errorf("pack counts: %w", err)
		}
		for _, start := range starts {
			err := s.write(ctx, func(tx *sql.Tx) error { return r.pack(ctx, tx, start) })
			if err != nil {
				return fmt.Errorf("pack counts: %w", err)
			}
		}
	}
	return nil
}

func (r rollup) pack(ctx context.Context, tx *sql.Tx, start int64) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM packs WHERE unit = ? AND start = ?", r.packUnit, start); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO packs (unit, start, rows)
		SELECT ?1, ?2, %s FROM %s AND %s >= ?2 AND %[3]s < ?2 + ?3 HAVING count(*) > 0`,
		r.packExpr, r.table, r.timeColumn), r.packUnit, start, packSeconds)
	return err
}

// stalePacks returns the starts of the packs to be made: the missing ones, and the one that was emptied first.
func (r rollup) stalePacks(ctx context.Context, db querier, now time.Time) ([]int64, error) {
	rows, err := db.QueryContext(ctx, r.startsQuery()+`SELECT start FROM starts
			WHERE start NOT IN (SELECT start FROM packs WHERE unit = ?3)
		UNION ALL SELECT * FROM (SELECT start FROM packs WHERE unit = ?3 AND length(rows) = 0 ORDER BY id LIMIT 1)`,
		int64(math.MinInt64), floor(now.Unix(), packSeconds), r.packUnit)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[int64])
}
