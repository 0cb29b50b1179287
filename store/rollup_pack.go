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

// A pack is rows of the counts in one blob, one after the other, each as
//
//	distance of its time from that of the row before (zigzag), source, jail, length of the country, country,
//	bans, friendly, endless, length of the addresses, addresses, length of the friends, friends
//
// where numbers are varints. To be found and handed over one by one costs rows many times as much as to be counted, so
// packs of ten days are kept beside them. A pack is never changed: it is emptied in the transaction that changes one of
// its rows, and made anew when there is time. Where there is none the rows are read, which always tell the same.
type pack []byte

const packSeconds = 10 * daySeconds

// rollup are rows that packs are made of.
type rollup struct {
	unit              int64  // seconds that a row is about
	id                int64  // of their packs
	rows, time, packs string // table and condition, the column of the time, and the pack of some
}

// jailHours and countryDays are the counts that are kept. Where nobody asks who was banned they do without the addresses,
// which are nearly all of a pack.
func jailHours(who bool) rollup {
	if who {
		return rollup{hourSeconds, hourSeconds, "jail_hours WHERE true", "hour", "pack(hour, source_id, jail_id, '', bans, friendly, endless, addresses, friends)"}
	}
	return rollup{hourSeconds, -hourSeconds, "jail_hours WHERE true", "hour", "pack(hour, source_id, jail_id, '', bans, friendly, endless, x'', friends)"}
}

func countryDays(who bool) rollup {
	if who {
		return rollup{daySeconds, daySeconds, "country_days WHERE true", "day", "pack(day, 0, 0, country, bans, friendly, 0, addresses, x'')"}
	}
	return rollup{daySeconds, -daySeconds, "country_days WHERE true", "day", "pack(day, 0, 0, country, bans, friendly, 0, x'', x'')"}
}

// packed are all counts of which there are packs.
func packed() []rollup {
	return []rollup{jailHours(true), jailHours(false), countryDays(true), countryDays(false), longBans()}
}

// all yields the rows of the pack. They share its memory.
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
			return // no pack: nothing follows
		}
		p = p[n:]
		k.time += distance
		k.source, k.jail, k.country = int64(number()), int64(number()), text()            //nolint:gosec // they were made of an int64
		k.bans, k.friendly, k.endless = int64(number()), int64(number()), int64(number()) //nolint:gosec // as above
		k.addresses, k.friends = text(), text()
		if !yield(k) {
			return
		}
	}
}

// packer is the SQL function pack(time, source, jail, country, bans, friendly, endless, addresses, friends), which makes a
// pack of rows. Of one ban addresses and friends may be the id itself.
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
				p.pack = binary.AppendUvarint(p.pack, uint64(v)) //nolint:gosec // all will read it the same way
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

// WindowInverse is of no use here.
func (p *packer) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return fmt.Errorf("pack: no window function")
}

// WindowValue is the pack.
func (p *packer) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	return []byte(p.pack), nil
}

// Final has nothing to give back.
func (p *packer) Final(*sqlite.FunctionContext) {}

func registerPack() error {
	return sqlite.RegisterFunction("pack", &sqlite.FunctionImpl{
		NArgs: 9, Deterministic: true, VolatileArgs: true,
		MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) { return &packer{}, nil },
	})
}

// starts is the SQL of the table starts: the starts of packs that hold rows from ?1 to ?2. Times may lie thousands of years
// apart: only where rows are is looked.
func (c rollup) starts() string {
	first := fmt.Sprintf("min(%[1]s) - (min(%[1]s) %% %[2]d + %[2]d) %% %[2]d FROM %[3]s AND %[1]s < ?2 AND %[1]s", c.time, packSeconds, c.rows)
	return fmt.Sprintf(`WITH RECURSIVE first (start) AS (
			SELECT %[1]s >= ?1
			UNION ALL
			SELECT (SELECT %[1]s >= start + %[2]d) FROM first WHERE start IS NOT NULL),
		starts AS (SELECT start FROM first WHERE start IS NOT NULL) `, first, packSeconds)
}

// read calls yield with the packs of all rows from one moment to another, in order; with some rows before and after, too.
func (c rollup) read(ctx context.Context, db querier, from, to int64, yield func(pack)) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf(`%[1]s SELECT coalesce(
			(SELECT rows FROM packs WHERE unit = ?3 AND packs.start = starts.start AND length(rows) > 0),
			(SELECT %[2]s FROM %[3]s AND %[4]s >= max(starts.start, ?1) AND %[4]s < min(starts.start + ?4, ?2)))
		FROM starts`, c.starts(), c.packs, c.rows, c.time), from, to, c.id, packSeconds)
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

// unpack empties the packs of counts of which rows change: those that begin at the times.
func unpack(ctx context.Context, tx *sql.Tx, times map[int64]bool, all ...rollup) error {
	if len(times) == 0 {
		return nil
	}
	starts, err := json.Marshal(slices.Sorted(maps.Keys(times)))
	if err != nil {
		return err
	}
	for _, c := range all {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO packs (unit, start, rows) SELECT unit, start, x'' FROM packs
			WHERE unit = ? AND start IN (SELECT value FROM json_each(?)) AND length(rows) > 0`, c.id, string(starts))
		if err != nil {
			return err
		}
	}
	return nil
}

// Pack makes packs of what is over at the moment, so that reports of months and years are quick: all that never were,
// and of those that were emptied one. They are many while whois goes through a long history, and would come and go.
func (s *Store) Pack(ctx context.Context, now time.Time) error {
	for _, c := range packed() {
		starts, err := c.unpacked(ctx, s.r, now)
		if err != nil {
			return fmt.Errorf("pack counts: %w", err)
		}
		for _, start := range starts {
			err := s.write(ctx, func(tx *sql.Tx) error { return c.pack(ctx, tx, start) })
			if err != nil {
				return fmt.Errorf("pack counts: %w", err)
			}
		}
	}
	return nil
}

func (c rollup) pack(ctx context.Context, tx *sql.Tx, start int64) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM packs WHERE unit = ? AND start = ?", c.id, start); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO packs (unit, start, rows)
		SELECT ?1, ?2, %s FROM %s AND %s >= ?2 AND %[3]s < ?2 + ?3 HAVING count(*) > 0`, c.packs, c.rows, c.time), c.id, start, packSeconds)
	return err
}

// unpacked returns where packs are to begin.
func (c rollup) unpacked(ctx context.Context, db querier, now time.Time) ([]int64, error) {
	rows, err := db.QueryContext(ctx, c.starts()+`SELECT start FROM starts WHERE start NOT IN (SELECT start FROM packs WHERE unit = ?3)
		UNION ALL SELECT * FROM (SELECT start FROM packs WHERE unit = ?3 AND length(rows) = 0 ORDER BY id LIMIT 1)`,
		int64(math.MinInt64), floor(now.Unix(), packSeconds), c.id)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[int64])
}
