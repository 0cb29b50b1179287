package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
)

// Rollups of the bans are updated in the same transactions as the bans: jail_hours by hour, source and jail,
// country_days by UTC day and country, and system_days by UTC day and autonomous system. Each row also has the set of
// addresses banned, so that distinct addresses can be counted over any number of rows. A day with many is several rows,
// see closeParts. Purged bans stay counted.
const (
	hourSeconds = 60 * 60
	daySeconds  = 24 * hourSeconds
)

// floor returns the start of the hour or day of t.
func floor(t, unit int64) int64 { return t - ((t%unit)+unit)%unit }

// hourKey and dayKey are the primary keys of jail_hours and country_days.
type (
	hourKey struct{ hour, source, jail int64 }
	dayKey  struct {
		day     int64
		country Country
	}
)

// change is what is added to a row, or subtracted from it.
type change struct {
	bans, friendly, endless int64
	addresses, friends      []int64
}

// tally collects the changes of the rollups.
type tally struct {
	hoursAdded, hoursRemoved map[hourKey]*change
	daysAdded, daysRemoved   map[dayKey]*change
	stale                    stale

	systemsAdded, systemsRemoved []systemBans
}

func newTally() *tally {
	return &tally{
		map[hourKey]*change{}, map[hourKey]*change{}, map[dayKey]*change{}, map[dayKey]*change{}, stale{}, nil, nil,
	}
}

// changeFor returns the change of a key, adding it if there is none.
func changeFor[K comparable](m map[K]*change, k K) *change {
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
	asn      ASN
}

// systemBans are n bans of an address of the class.
func (c class) systemBans(k banKey, n int64) systemBans {
	return systemBans{floor(k.time, daySeconds), k.address, c.asn, c.friendly, n}
}

// add counts n new bans of an address. For endless of them the source does not give the duration.
func (t *tally) add(k banKey, c class, n, endless int64) {
	hour := changeFor(t.hoursAdded, hourKey{floor(k.time, hourSeconds), k.source, k.jail})
	day := changeFor(t.daysAdded, dayKey{floor(k.time, daySeconds), c.country})
	t.systemsAdded = append(t.systemsAdded, c.systemBans(k, n))
	for _, counts := range []*change{hour, day} {
		counts.bans += n
		counts.addresses = append(counts.addresses, k.address)
		if c.friendly {
			counts.friendly += n
		}
	}
	hour.endless += endless
	if c.friendly {
		hour.friends = append(hour.friends, k.address)
	}
}

// addEndless counts n more of an hour's bans as without a ban time.
func (t *tally) addEndless(k banKey, n int64) {
	changeFor(t.hoursAdded, hourKey{floor(k.time, hourSeconds), k.source, k.jail}).endless += n
}

// removeEndless counts n fewer of an hour's bans as without a ban time.
func (t *tally) removeEndless(k banKey, n int64) {
	changeFor(t.hoursRemoved, hourKey{floor(k.time, hourSeconds), k.source, k.jail}).endless += n
}

// move moves n bans of an address from one class to another.
func (t *tally) move(k banKey, from, to class, n int64) {
	if from.friendly != to.friendly {
		hours := t.hoursAdded
		if from.friendly {
			hours = t.hoursRemoved
		}
		c := changeFor(hours, hourKey{floor(k.time, hourSeconds), k.source, k.jail})
		c.friendly += n
		c.friends = append(c.friends, k.address)
	}
	day := floor(k.time, daySeconds)
	put := func(c *change, friendly bool) {
		c.bans += n
		c.addresses = append(c.addresses, k.address)
		if friendly {
			c.friendly += n
		}
	}
	if from.country != to.country || from.friendly != to.friendly {
		put(changeFor(t.daysRemoved, dayKey{day, from.country}), from.friendly)
		put(changeFor(t.daysAdded, dayKey{day, to.country}), to.friendly)
	}
	if from.asn != to.asn || from.friendly != to.friendly {
		t.systemsRemoved = append(t.systemsRemoved, from.systemBans(k, n))
		t.systemsAdded = append(t.systemsAdded, to.systemBans(k, n))
	}
}

// save writes the changes, and empties the packs of the rows that change.
func (t *tally) save(ctx context.Context, tx *sql.Tx) error {
	for _, changes := range []map[hourKey]*change{t.hoursAdded, t.hoursRemoved} {
		for k := range changes {
			for _, r := range rollupsOfHours() {
				t.stale.add(r, k.hour)
			}
			t.stale.add(longBans(), k.hour)
		}
	}
	for _, changes := range []map[dayKey]*change{t.daysAdded, t.daysRemoved} {
		for k := range changes {
			t.stale.add(countryDays(true), k.day)
			t.stale.add(countryDays(false), k.day)
		}
	}
	if err := t.stale.invalidate(ctx, tx); err != nil {
		return err
	}
	return t.write(ctx, tx)
}

func (t *tally) write(ctx context.Context, tx *sql.Tx) error {
	for k, c := range t.hoursRemoved {
		_, err := tx.ExecContext(ctx, `UPDATE jail_hours SET friendly = friendly - ?, endless = endless - ?,
				friends = ids_without(friends, ?)
			WHERE hour = ? AND source_id = ? AND jail_id = ?`,
			c.friendly, c.endless, newIDSet(c.friends), k.hour, k.source, k.jail)
		if err != nil {
			return err
		}
	}
	err := upsert(ctx, tx, t.hoursAdded, func(a, b hourKey) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.source, b.source), cmp.Compare(a.jail, b.jail))
	}, `INSERT OR FAIL INTO jail_hours VALUES %s ON CONFLICT DO UPDATE
		SET bans = bans + excluded.bans, friendly = friendly + excluded.friendly, endless = endless + excluded.endless,
			addresses = ids_with(addresses, excluded.addresses), friends = ids_with(friends, excluded.friends)`,
		"(?,?,?,?,?,?,?,?)",
		func(k hourKey, c *change) []any {
			return []any{
				k.hour, k.source, k.jail, c.bans, c.friendly, c.endless, newIDSet(c.addresses), newIDSet(c.friends),
			}
		})
	if err != nil {
		return err
	}
	if err := writeCountries(ctx, tx, t.daysAdded, t.daysRemoved); err != nil {
		return err
	}
	return writeSystems(ctx, tx, t.systemsAdded, t.systemsRemoved)
}

// upsert adds the changes in the order of the table's key.
func upsert[K comparable](
	ctx context.Context, tx *sql.Tx, changes map[K]*change, order func(a, b K) int, query, tuple string,
	row func(K, *change) []any,
) error {
	sorted := slices.SortedFunc(maps.Keys(changes), order)
	return inChunks(ctx, tx, sorted, query, tuple, func(statement *sql.Stmt, keys []K) error {
		var args []any
		for _, k := range keys {
			args = append(args, row(k, changes[k])...)
		}
		_, err := statement.ExecContext(ctx, args...)
		return err
	})
}

// reclassified is an address whose bans are to be counted under another class.
type reclassified struct {
	id       int64
	from, to class
}

// recount moves the bans of addresses whose country, system or friendliness has changed. An address may be listed
// several times: its changes are combined.
func recount(ctx context.Context, tx *sql.Tx, all []reclassified) error {
	moved := make(map[int64]reclassified, len(all))
	for _, m := range all {
		if before, again := moved[m.id]; again {
			m.from = before.from
		}
		moved[m.id] = m
	}
	maps.DeleteFunc(moved, func(_ int64, m reclassified) bool { return m.from == m.to })
	purged, err := purgedBefore(ctx, tx) // of earlier counts, nobody knows any more which address they belong to
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(moved)), 10_000) {
		list, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		t := newTally()
		const where = `(period, address_id) IN (SELECT period, value FROM periods CROSS JOIN json_each(?))
			AND time >= ?`
		err = bansByHour(ctx, tx, "0", where, func(k banKey, n, _ int64) {
			t.move(k, moved[k.address].from, moved[k.address].to, n)
		}, string(list), purged)
		if err != nil {
			return err
		}
		if err := t.save(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// endlessNow and endlessOnce are the SQL of a ban of which nobody knows whether it is over: by the present schema, and
// by those up to 4.
const (
	endlessNow = `ban_time = 0
		AND NOT (open = 1 AND (SELECT ends FROM sources WHERE sources.id = bans.source_id) = 1)`
	endlessOnce = "ban_time = 0"
)

// bansByHour calls yield with the number of bans of each address by hour, source and jail, and how many of them are
// endless by that SQL. The key's time is the hour.
func bansByHour(
	ctx context.Context, tx *sql.Tx, endless, where string, yield func(k banKey, n, endless int64), args ...any,
) error {
	rows, err := tx.QueryContext(ctx, `SELECT time - (time % 3600 + 3600) % 3600 AS hour, source_id, jail_id,
			address_id, count(*), sum(`+endless+`) FROM bans
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

// countAll rebuilds jail_hours and country_days from all bans, ten days at a time. It is part of a migration to a
// schema that has no packs and no systems yet.
func countAll(ctx context.Context, tx *sql.Tx, endless string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM jail_hours; DELETE FROM country_days"); err != nil {
		return err
	}
	classes, err := addressClasses(ctx, tx)
	if err != nil {
		return err
	}
	var first, last sql.Null[int64]
	err = tx.QueryRowContext(ctx, "SELECT (SELECT min(time) FROM bans), (SELECT max(time) FROM bans)").
		Scan(&first, &last)
	if err != nil || !first.Valid {
		return err
	}
	for from := first.V; from <= last.V; {
		until := from + 10*daySeconds
		t := newTally()
		err := bansByHour(ctx, tx, endless, "time >= ? AND time < ?", func(k banKey, n, endless int64) {
			t.add(k, classes[k.address], n, endless)
		}, from, until)
		if err != nil {
			return err
		}
		t.systemsAdded = nil
		if err := t.write(ctx, tx); err != nil {
			return err
		}
		// Skip empty days: a source may give any time, so bans may lie thousands of years apart.
		err = tx.QueryRowContext(ctx, "SELECT coalesce(min(time), ?) FROM bans WHERE time >= ?", last.V+1, until).
			Scan(&from)
		if err != nil {
			return err
		}
	}
	return nil
}

// addressClasses returns the class of every address, without its system.
func addressClasses(ctx context.Context, tx *sql.Tx) (map[int64]class, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, country, friendly FROM addresses")
	if err != nil {
		return nil, err
	}
	all := map[int64]class{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var id int64
		var c class
		err = rows.Scan(&id, &c.country, &c.friendly)
		all[id] = c
		return none, err
	})
	return all, err
}
