package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// partBytes is about how long the addresses in a row of country_days or system_days become. A batch rewrites the rows
// to which it adds. A fleet may ban a million addresses a day, and to rewrite them all many times a second would take
// more time and memory by the hour.
const partBytes = 8 << 10

// closeParts lets rows that are long enough be: a day's bans are in the row whose time is its first second, and once
// that is long, it becomes one of the seconds that follow. The counts of a day are those of its rows together.
func closeParts(ctx context.Context, tx *sql.Tx, table, addresses string, days []int64) error {
	query := fmt.Sprintf(`UPDATE %[1]s SET day = 1 + (SELECT max(day) FROM %[1]s WHERE day < ?1 + %[3]d)
		WHERE day = ?1 AND length(%[2]s) >= %[4]d`, table, addresses, daySeconds, partBytes)
	for _, day := range days {
		if _, err := tx.ExecContext(ctx, query, day); err != nil {
			return err
		}
	}
	return nil
}

// rowsOfDay is the SQL of the rows of the day ?1.
var rowsOfDay = fmt.Sprintf("day >= ?1 AND day < ?1 + %d", daySeconds)

// writeCountries writes the changes to country_days.
func writeCountries(ctx context.Context, tx *sql.Tx, added, removed map[dayKey]*change) error {
	rows := rowsOfDay + " AND country = ?2"
	for k, c := range removed {
		_, err := tx.ExecContext(ctx, "UPDATE country_days SET addresses = ids_without(addresses, ?3) WHERE "+rows+
			" AND length(ids_without(addresses, ?3)) < length(addresses)", k.day, k.country, newIDSet(c.addresses))
		if err != nil {
			return err
		}
		// The first row may have less than nothing: the others have the rest.
		first := changeFor(added, k)
		first.bans -= c.bans
		first.friendly -= c.friendly
	}
	days := map[int64]struct{}{}
	for k := range added {
		days[k.day] = struct{}{}
	}
	err := upsert(ctx, tx, added, func(a, b dayKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.country, b.country))
	}, `INSERT OR FAIL INTO country_days VALUES %s ON CONFLICT DO UPDATE
		SET bans = bans + excluded.bans, friendly = friendly + excluded.friendly,
			addresses = ids_with(addresses, excluded.addresses)`, "(?,?,?,?,?)",
		func(k dayKey, c *change) []any {
			return []any{k.day, k.country, c.bans, c.friendly, newIDSet(c.addresses)}
		})
	if err != nil {
		return err
	}
	for k := range removed {
		_, err := tx.ExecContext(ctx, "DELETE FROM country_days WHERE "+rows+
			" AND 0 = (SELECT sum(bans) FROM country_days WHERE "+rows+")", k.day, k.country)
		if err != nil {
			return err
		}
	}
	return closeParts(ctx, tx, "country_days", "addresses", slices.Sorted(maps.Keys(days)))
}
