package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Counts are kept beside the bans and change in the same transactions: jail_hours by hour, source and jail, and
// country_days by UTC day and country. Each holds who was banned, too, so that addresses are told apart however many
// hours are put together. What was purged stays counted.
const (
	hourSeconds = 60 * 60
	daySeconds  = 24 * hourSeconds
)

// floor is the start of the hour or day that t is in.
func floor(t, unit int64) int64 { return t - ((t%unit)+unit)%unit }

// hourKey and dayKey tell the rows of jail_hours and country_days.
type (
	hourKey struct{ hour, source, jail int64 }
	dayKey  struct {
		day     int64
		country Country
	}
)

// change is what is added to a row, or taken from it.
type change struct {
	bans, friendly, endless int64
	addresses, friends      []int64
}

// tally gathers what is to be added to the counts and what is to be taken from them.
type tally struct {
	hours, hoursLess map[hourKey]*change
	days, daysLess   map[dayKey]*change
}

func newTally() *tally {
	return &tally{map[hourKey]*change{}, map[hourKey]*change{}, map[dayKey]*change{}, map[dayKey]*change{}}
}

// at returns what is to change of a key.
func at[K comparable](m map[K]*change, k K) *change {
	c := m[k]
	if c == nil {
		c = &change{}
		m[k] = c
	}
	return c
}

// class is how an address is counted.
type class struct {
	country  Country
	friendly bool
}

// add counts n new bans of an address. Of endless ones the source does not say how long they last.
func (t *tally) add(k banKey, m class, n, endless int64) {
	hour := at(t.hours, hourKey{floor(k.time, hourSeconds), k.source, k.jail})
	day := at(t.days, dayKey{floor(k.time, daySeconds), m.country})
	for _, c := range []*change{hour, day} {
		c.bans += n
		c.addresses = append(c.addresses, k.address)
		if m.friendly {
			c.friendly += n
		}
	}
	hour.endless += endless
	if m.friendly {
		hour.friends = append(hour.friends, k.address)
	}
}

// move counts n bans of an address otherwise than before.
func (t *tally) move(k banKey, from, to class, n int64) {
	if from.friendly != to.friendly {
		hours := t.hours
		if from.friendly {
			hours = t.hoursLess
		}
		c := at(hours, hourKey{floor(k.time, hourSeconds), k.source, k.jail})
		c.friendly += n
		c.friends = append(c.friends, k.address)
	}
	day := floor(k.time, daySeconds)
	for m, days := range map[class]map[dayKey]*change{from: t.daysLess, to: t.days} {
		c := at(days, dayKey{day, m.country})
		c.bans += n
		c.addresses = append(c.addresses, k.address)
		if m.friendly {
			c.friendly += n
		}
	}
}

// keep writes the changes down, and empties the packs of what changes.
func (t *tally) keep(ctx context.Context, tx *sql.Tx) error {
	hours, days := map[int64]bool{}, map[int64]bool{}
	for _, changes := range []map[hourKey]*change{t.hours, t.hoursLess} {
		for k := range changes {
			hours[floor(k.hour, packSeconds)] = true
		}
	}
	for _, changes := range []map[dayKey]*change{t.days, t.daysLess} {
		for k := range changes {
			days[floor(k.day, packSeconds)] = true
		}
	}
	err := errors.Join(unpack(ctx, tx, hours, jailHours(true), jailHours(false), longBans()), unpack(ctx, tx, days, countryDays(true), countryDays(false)))
	if err != nil {
		return err
	}
	return t.write(ctx, tx)
}

func (t *tally) write(ctx context.Context, tx *sql.Tx) error {
	for k, c := range t.hoursLess {
		_, err := tx.ExecContext(ctx, `UPDATE jail_hours SET friendly = friendly - ?, friends = ids_without(friends, ?)
			WHERE hour = ? AND source_id = ? AND jail_id = ?`, c.friendly, newIDSet(c.friends), k.hour, k.source, k.jail)
		if err != nil {
			return err
		}
	}
	for k, c := range t.daysLess {
		_, err := tx.ExecContext(ctx, `UPDATE country_days SET bans = bans - ?, friendly = friendly - ?, addresses = ids_without(addresses, ?)
			WHERE day = ? AND country = ?`, c.bans, c.friendly, newIDSet(c.addresses), k.day, k.country)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM country_days WHERE day = ? AND country = ? AND bans = 0", k.day, k.country); err != nil {
			return err
		}
	}
	err := upsert(ctx, tx, t.hours, func(a, b hourKey) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.source, b.source), cmp.Compare(a.jail, b.jail))
	}, `INSERT OR FAIL INTO jail_hours VALUES %s ON CONFLICT DO UPDATE SET bans = bans + excluded.bans, friendly = friendly + excluded.friendly,
		endless = endless + excluded.endless, addresses = ids_with(addresses, excluded.addresses), friends = ids_with(friends, excluded.friends)`, "(?,?,?,?,?,?,?,?)",
		func(k hourKey, c *change) []any {
			return []any{k.hour, k.source, k.jail, c.bans, c.friendly, c.endless, newIDSet(c.addresses), newIDSet(c.friends)}
		})
	if err != nil {
		return err
	}
	return upsert(ctx, tx, t.days, func(a, b dayKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.country, b.country))
	}, `INSERT OR FAIL INTO country_days VALUES %s ON CONFLICT DO UPDATE SET bans = bans + excluded.bans, friendly = friendly + excluded.friendly,
		addresses = ids_with(addresses, excluded.addresses)`, "(?,?,?,?,?)",
		func(k dayKey, c *change) []any {
			return []any{k.day, k.country, c.bans, c.friendly, newIDSet(c.addresses)}
		})
}

// upsert adds the changes in the order of the keys, which is that of the table.
func upsert[K comparable](ctx context.Context, tx *sql.Tx, changes map[K]*change, order func(a, b K) int, query, tuple string, row func(K, *change) []any) error {
	return inChunks(ctx, tx, slices.SortedFunc(maps.Keys(changes), order), query, tuple, func(statement *sql.Stmt, keys []K) error {
		var args []any
		for _, k := range keys {
			args = append(args, row(k, changes[k])...)
		}
		_, err := statement.ExecContext(ctx, args...)
		return err
	})
}

// moved is an address that is counted otherwise than before.
type moved struct {
	id       int64
	from, to class
}

// recountMoved counts the bans of addresses anew that have another country, or are friends now and were none. Each is
// looked at once, however often it has moved.
func recountMoved(ctx context.Context, tx *sql.Tx, all []moved) error {
	moves := make(map[int64]moved, len(all))
	for _, m := range all {
		if before, again := moves[m.id]; again {
			m.from = before.from
		}
		moves[m.id] = m
	}
	maps.DeleteFunc(moves, func(_ int64, m moved) bool { return m.from == m.to })
	purged, err := purgedTo(ctx, tx) // before it nobody can tell any more whose the counts are
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(moves)), 10_000) {
		list, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		t := newTally()
		err = bansByHour(ctx, tx, "(period, address_id) IN (SELECT period, value FROM periods CROSS JOIN json_each(?)) AND time >= ?", func(k banKey, n, _ int64) {
			t.move(k, moves[k.address].from, moves[k.address].to, n)
		}, string(list), purged)
		if err != nil {
			return err
		}
		if err := t.keep(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// bansByHour calls yield with every address's bans of an hour, source and jail. The key's time is the hour.
func bansByHour(ctx context.Context, tx *sql.Tx, where string, yield func(k banKey, n, endless int64), args ...any) error {
	rows, err := tx.QueryContext(ctx, `SELECT time - (time % 3600 + 3600) % 3600 AS hour, source_id, jail_id, address_id, count(*), sum(ban_time = 0) FROM bans
		WHERE `+where+` GROUP BY hour, source_id, jail_id, address_id`, args...)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var k banKey
		var n, endless int64
		if err := rows.Scan(&k.time, &k.source, &k.jail, &k.address, &n, &endless); err != nil {
			return none, err
		}
		yield(k, n, endless)
		return none, nil
	})
	return err
}

// countAll makes the counts of all bans there are, a day at a time, in place of those that are kept. It is part of a
// migration to a schema that has no packs yet.
func countAll(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM jail_hours; DELETE FROM country_days"); err != nil {
		return err
	}
	marks, err := classes(ctx, tx)
	if err != nil {
		return err
	}
	var first, last sql.Null[int64]
	if err := tx.QueryRowContext(ctx, "SELECT (SELECT min(time) FROM bans), (SELECT max(time) FROM bans)").Scan(&first, &last); err != nil || !first.Valid {
		return err
	}
	for from := first.V; from <= last.V; {
		until := from + 10*daySeconds
		t := newTally()
		err := bansByHour(ctx, tx, "time >= ? AND time < ?", func(k banKey, n, endless int64) { t.add(k, marks[k.address], n, endless) }, from, until)
		if err != nil {
			return err
		}
		if err := t.write(ctx, tx); err != nil {
			return err
		}
		// Bans may lie thousands of years apart, since lines may say anything.
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(min(time), ?) FROM bans WHERE time >= ?", last.V+1, until).Scan(&from); err != nil {
			return err
		}
	}
	return nil
}

// classes returns how each address is to be counted.
func classes(ctx context.Context, tx *sql.Tx) (map[int64]class, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, country, friendly FROM addresses")
	if err != nil {
		return nil, err
	}
	all := map[int64]class{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var id int64
		var m class
		err = rows.Scan(&id, &m.country, &m.friendly)
		all[id] = m
		return none, err
	})
	return all, err
}
