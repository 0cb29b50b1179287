package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// packSeconds is how much a pack of the past holds.
const packSeconds = 10 * daySeconds

// rollup is a table from whose rows packs are made: one for every ten days, as soon as they are over. A fleet may have
// more rows in a day than one server has in a year, so that the days that are not over have shorter packs, where they
// help. Those are made of no other days, but where a report may have to look at a part of one.
type rollup struct {
	seconds    int64  // covered by a row
	packUnit   int64  // the column unit of its packs; 0: it has none
	shortUnit  int64  // that of the short ones
	short      int64  // seconds in a short one; 0: there are none
	reach      int64  // seconds before the present ten days for which short ones are kept
	sources    int    // packs are made where there are so many
	table      string // with a condition
	timeColumn string
	packExpr   string // aggregates rows of the table into a pack
	endless    bool   // single bans, too, say whether they are endless
}

// Units of packs. Those without addresses are negative.
const (
	packsOfLongBans    = 1
	packsOfHours       = hourSeconds
	packsOfOneHour     = hourSeconds + 1
	packsOfServersHour = hourSeconds + 2
	packsOfDays        = daySeconds
	packsOfServers     = daySeconds + 1
	packsOfServersDay  = daySeconds + 2
)

// hoursOfAll is the rollup by hour and jail of all sources together, with or without addresses.
func hoursOfAll(addresses bool) rollup {
	unit, column := addressPacks(packsOfHours, addresses)
	short, _ := addressPacks(packsOfOneHour, addresses)
	return rollup{
		seconds: hourSeconds, packUnit: unit, shortUnit: short, short: hourSeconds,
		table: "jail_hours WHERE true", timeColumn: "hour",
		packExpr: "pack_sums(hour, 0, jail_id, bans, friendly, endless, " + column + ", friends)",
	}
}

// reportReach is how far back the longest period of a report begins, but for all time.
const reportReach = 30 * daySeconds

// hoursOfServers is the rollup by hour, source and jail, with or without addresses. Without them, it has packs of the
// hours near which a report may begin or end. Of few servers the rows are as fast, and to keep them for good would take
// much of the disk, since a fleet has so many.
func hoursOfServers(addresses bool) rollup {
	_, column := addressPacks(0, addresses)
	r := rollup{
		seconds: hourSeconds, table: "jail_hours WHERE true", timeColumn: "hour",
		packExpr: "pack(hour, source_id, jail_id, '', bans, friendly, endless, " + column + ", friends)",
	}
	if !addresses {
		r.shortUnit, r.short, r.reach, r.sources = packsOfServersHour, hourSeconds, reportReach, 10
	}
	return r
}

// daysOfServers is the rollup by UTC day, source and jail, without addresses.
func daysOfServers() rollup {
	return rollup{
		seconds: daySeconds, packUnit: packsOfServers, shortUnit: packsOfServersDay, short: daySeconds,
		table: "jail_hours WHERE true", timeColumn: "hour",
		packExpr: "pack_sums(" + floorSQL("hour", daySeconds) + ", source_id, jail_id, bans, friendly, endless, x'', friends)",
	}
}

// countryDays is the rollup by UTC day and country, with or without addresses.
func countryDays(addresses bool) rollup {
	unit, column := addressPacks(packsOfDays, addresses)
	return rollup{
		seconds: daySeconds, packUnit: unit, table: "country_days WHERE true", timeColumn: "day",
		packExpr: "pack(day, 0, 0, country, bans, friendly, 0, " + column + ", x'')",
	}
}

// addressPacks returns the unit and the SQL of the addresses for packs with or without them. Addresses take up nearly
// all of a pack.
func addressPacks(unit int64, addresses bool) (signed int64, column string) {
	if addresses {
		return unit, "addresses"
	}
	return -unit, "x''"
}

// allRollups returns all rollups that have packs.
func allRollups() []rollup {
	return append(rollupsOfHours(), countryDays(true), countryDays(false), longBans())
}

// rollupsOfHours are those whose packs are made of jail_hours.
func rollupsOfHours() []rollup {
	return []rollup{hoursOfAll(true), hoursOfAll(false), hoursOfServers(false), daysOfServers()}
}

// floorSQL is the SQL of floor.
func floorSQL(expr string, unit int64) string {
	return fmt.Sprintf("(%[1]s - (%[1]s %% %[2]d + %[2]d) %% %[2]d)", expr, unit)
}

// hops is the SQL of a table hops with the time of a row at the beginning of every span from ?1 to ?2 that has rows.
// end is the SQL of where the span of a row at the time at ends. It jumps from row to row, since times may lie
// thousands of years apart.
func (r rollup) hops(end string) string {
	first := fmt.Sprintf("SELECT min(%[1]s) FROM %[2]s AND %[1]s < ?2 AND %[1]s >= ", r.timeColumn, r.table)
	return fmt.Sprintf(`WITH RECURSIVE first (at) AS (
			SELECT (%[1]s ?1)
			UNION ALL
			SELECT (%[1]s %[2]s) FROM first WHERE at IS NOT NULL),
		hops AS (SELECT at FROM first WHERE at IS NOT NULL) `, first, end)
}

// packSQL is the SQL of the pack of so many seconds around the time at; NULL if it is missing or empty.
func packSQL(what string, unit, seconds int64) string {
	return fmt.Sprintf("(SELECT %s FROM packs WHERE unit = %d AND packs.start = %s AND length(rows) > 0)",
		what, unit, floorSQL("at", seconds))
}

// readQuery is the SQL of the packs from ?1 to ?2: those that there are, and else such as are made of the rows.
func (r rollup) readQuery() string {
	step := r.short
	if step == 0 {
		step = packSeconds
	}
	long := packSQL("packs.start", r.packUnit, packSeconds)
	end := fmt.Sprintf("coalesce(%s + %d, %s + %d)", long, packSeconds, floorSQL("at", step), step)
	return r.hops(end) + fmt.Sprintf(`SELECT coalesce(%[1]s, %[2]s,
			(SELECT %[3]s FROM %[4]s AND %[5]s >= max(%[6]s, ?1) AND %[5]s < min(%[6]s + %[7]d, ?2)))
		FROM hops`, packSQL("rows", r.packUnit, packSeconds), packSQL("rows", r.shortUnit, step),
		r.packExpr, r.table, r.timeColumn, floorSQL("at", step), step)
}

// read calls yield with packs that contain all rows from one moment to another, and maybe some around them, in order.
func (r rollup) read(ctx context.Context, db querier, from, to int64, yield func(pack)) error {
	rows, err := db.QueryContext(ctx, r.readQuery(), from, to)
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

// stale collects the packs of which rows change.
type stale map[[2]int64]bool // by unit and start

// add adds the packs of the rollup that have a row of that time.
func (s stale) add(r rollup, at int64) {
	if r.packUnit != 0 {
		s[[2]int64{r.packUnit, floor(at, packSeconds)}] = true
	}
	if r.short != 0 {
		s[[2]int64{r.shortUnit, floor(at, r.short)}] = true
	}
}

// invalidate empties the packs.
func (s stale) invalidate(ctx context.Context, tx *sql.Tx) error {
	if len(s) == 0 {
		return nil
	}
	packs := make([][2]int64, 0, len(s))
	for p := range s {
		packs = append(packs, p)
	}
	list, err := json.Marshal(packs)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO packs (unit, start, rows)
		SELECT unit, start, x'' FROM json_each(?) JOIN packs ON unit = value ->> 0 AND start = value ->> 1
		WHERE length(rows) > 0`, string(list))
	return err
}
