package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
)

// findTold finds out which sources say when bans end. Those that do so for the first time show that their open bans
// are in force.
func (l *ledger) findTold(ctx context.Context, b *Batch, ends []holder, t *tally) error {
	rows, err := l.tx.QueryContext(ctx, "SELECT id FROM sources WHERE ends = 1")
	if err != nil {
		return err
	}
	told, err := collect(rows, single[int64])
	if err != nil {
		return err
	}
	l.told = map[int64]bool{}
	for _, id := range told {
		l.told[id] = true
	}
	for i, of := range ends {
		if of.source == 0 || l.told[of.source] || b.Ends[i].Kind == Started {
			continue
		}
		l.told[of.source] = true
		err := l.eachOpen(ctx, of.source, func(k banKey, n int64) { t.removeEndless(k, n) })
		if err != nil {
			return err
		}
		if _, err := l.tx.ExecContext(ctx, "UPDATE sources SET ends = 1 WHERE id = ?", of.source); err != nil {
			return err
		}
	}
	return nil
}

// load reads the bans of the database that the lines may end.
func (l *ledger) load(ctx context.Context, b *Batch, keys []banKey, ends []holder) error {
	wanted := map[int64]map[holder]struct{}{} // by source
	want := func(h holder) {
		if wanted[h.source] == nil {
			wanted[h.source] = map[holder]struct{}{}
		}
		wanted[h.source][h] = struct{}{}
	}
	started := map[int64]bool{}
	for _, k := range keys {
		want(k.holder())
	}
	for i, of := range ends {
		switch {
		case b.Ends[i].Kind != Started:
			want(of)
		case l.told[of.source]:
			started[of.source] = true
		default:
			if err := l.startUntold(ctx, &b.Ends[i], of); err != nil {
				return err
			}
		}
	}
	for source := range started {
		if err := l.loadAll(ctx, source); err != nil {
			return err
		}
	}
	for source, of := range wanted {
		if !started[source] {
			if err := l.loadOpen(ctx, source, of); err != nil {
				return err
			}
		}
	}
	return l.loadEnded(ctx, b, ends)
}

// addRows adds the bans of a result, whose columns are those of heldColumns.
func (l *ledger) addRows(rows *sql.Rows) error {
	_, err := collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		h := &held{}
		err = rows.Scan(&h.id, &h.source, &h.jail, &h.address, &h.time, &h.seconds, &h.open)
		l.add(h)
		return none, err
	})
	return err
}

const heldColumns = "b.id, b.source_id, b.jail_id, b.address_id, b.time, b.ban_time, b.open"

// loadAll reads the open bans of a source.
func (l *ledger) loadAll(ctx context.Context, source int64) error {
	rows, err := l.tx.QueryContext(ctx, "SELECT "+heldColumns+` FROM bans b INDEXED BY bans_open
		WHERE b.open = 1 AND b.source_id = ? AND b.time >= ?`, source, l.since)
	if err != nil {
		return err
	}
	return l.addRows(rows)
}

// openByHolder is the SQL of the open bans of some holders of one source.
const openByHolder = "WITH k (source_id, since, jail_id, address_id) AS (VALUES %s) SELECT " + heldColumns + `
	FROM k CROSS JOIN bans b INDEXED BY bans_open USING (source_id, jail_id, address_id)
	WHERE b.open = 1 AND b.time >= k.since`

// loadOpen reads the open bans of some holders of a source.
func (l *ledger) loadOpen(ctx context.Context, source int64, holders map[holder]struct{}) error {
	var open int
	err := l.tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM bans WHERE open = 1 AND source_id = ? LIMIT ?)`,
		source, len(holders)+1).Scan(&open)
	if err != nil || open == 0 {
		return err
	}
	if open <= len(holders) {
		return l.loadAll(ctx, source)
	}
	var args []any
	return inChunks(ctx, l.tx, slices.Collect(maps.Keys(holders)), openByHolder, "(?1,?2,?,?)",
		func(statement *sql.Stmt, chunk []holder) error {
			args = append(args[:0], source, l.since)
			for _, h := range chunk {
				args = append(args, h.jail, h.address)
			}
			rows, err := statement.QueryContext(ctx, args...)
			if err != nil {
				return err
			}
			return l.addRows(rows)
		})
}

// sought is a ban that need not be open: the latest one of the holder up to a moment.
type sought struct {
	holder
	at   int64
	from int64 // it did not begin before
}

// liftedWithin is how far back a ban is looked for that is lifted or prolonged and not open, in seconds.
const liftedWithin = 60 * daySeconds

// loadEnded reads the bans that are restored, and those that are lifted or prolonged and not known to be in force.
func (l *ledger) loadEnded(ctx context.Context, b *Batch, ends []holder) error {
	var all []sought
	endless := map[int64]bool{} // by source: it has bans that may be over
	for i, of := range ends {
		e := &b.Ends[i]
		at := e.At.Unix()
		switch {
		case of.source == 0 || of.jail == 0 || of.address == 0: // nothing of it was banned
		case e.Kind == Resumed:
			all = append(all, sought{of, at, l.since})
		case l.latest[of] == nil && (e.Kind == Lifted || e.Kind == Prolonged):
			has, asked := endless[of.source]
			if has = has || len(b.Gaps) > 0; !asked && !has {
				err := l.tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jail_hours
					WHERE hour >= ? AND source_id = ? AND endless > 0)`,
					floor(at-liftedWithin, hourSeconds), of.source).Scan(&has)
				if err != nil {
					return err
				}
				endless[of.source] = has
			}
			if has {
				all = append(all, sought{of, at, max(l.since, at-liftedWithin)})
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	rows, err := l.tx.QueryContext(ctx, "SELECT period FROM periods ORDER BY period DESC")
	if err != nil {
		return err
	}
	periods, err := collect(rows, single[int64])
	for _, period := range periods {
		if err == nil {
			all, err = l.loadPeriod(ctx, period, all)
		}
	}
	return err
}

// latestInPeriod is the SQL of the latest bans of a period that are sought.
const latestInPeriod = `WITH k (period, n, source_id, jail_id, address_id, at, start) AS (VALUES %s)
	SELECT k.n, max(b.time), ` + heldColumns + ` FROM k CROSS JOIN bans b INDEXED BY bans_address
	ON b.period = k.period AND b.address_id = k.address_id AND b.source_id = k.source_id AND b.jail_id = k.jail_id
		AND b.time <= k.at AND b.time >= k.start GROUP BY k.n`

// loadPeriod reads the bans that began in a period of the index, and returns those that are to be sought further back.
func (l *ledger) loadPeriod(ctx context.Context, period int64, all []sought) ([]sought, error) {
	var further []sought
	var args []any
	err := inChunks(ctx, l.tx, all, latestInPeriod, "(?1,?,?,?,?,?,?)", func(statement *sql.Stmt, chunk []sought) error {
		args = append(args[:0], period)
		for i, k := range chunk {
			args = append(args, i, k.source, k.jail, k.address, k.at, k.from)
		}
		rows, err := statement.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		found := map[int]bool{}
		_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
			var n int
			var latest int64
			h := &held{}
			err = rows.Scan(&n, &latest, &h.id, &h.source, &h.jail, &h.address, &h.time, &h.seconds, &h.open)
			found[n] = true
			l.add(h)
			return none, err
		})
		for i, k := range chunk {
			if !found[i] && k.from>>21 < period {
				further = append(further, k)
			}
		}
		return err
	})
	return further, err
}
