package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// EndKind is what a line says about when bans end.
type EndKind int

// The kinds of ends.
const (
	Lifted    EndKind = iota // the ban is over
	Prolonged                // the ban lasts until a later moment
	Resumed                  // the ban goes on, after Fail2Ban was stopped
	Started                  // Fail2Ban starts, or one of its jails, and has no bans until it restores some
)

// End is a line of a source that says when a ban ends, or that it does not: that is how logs tell how long a ban lasts.
type End struct {
	Kind    EndKind
	After   int    // how many of the batch's bans stand before the line
	Source  string // as of a Ban
	Jail    string // Started: "" is all of them
	Address string // Started: ""
	At      time.Time
	Until   time.Time // Prolonged; zero: for ever
}

// term is what is known of how long a ban lasts.
type term struct {
	seconds int64 // as Ban.BanTime
	open    bool  // a later line may end it
}

// unknown reports whether nobody knows whether the ban is over, if its source has ends.
func (t term) unknown() bool { return t.seconds == 0 && !t.open }

func (t term) long() bool { return t.seconds < 0 || t.seconds > shortBanSeconds }

// over ends a ban that has lasted so many seconds.
func (t *term) over(lasted int64) { *t = term{seconds: max(1, lasted)} }

// apply takes over what a line says about a ban that began so many seconds before.
func (t *term) apply(e *End, lasted int64) {
	switch e.Kind {
	case Lifted:
		if t.open || t.seconds == 0 {
			t.over(lasted)
		}
	case Prolonged:
		if t.open || t.seconds == 0 {
			*t = term{max(1, lasted+e.Until.Unix()-e.At.Unix()), true}
		}
		if t.open && e.Until.IsZero() {
			t.seconds = -1
		}
	case Resumed:
		if t.seconds >= 0 && t.seconds <= lasted {
			*t = term{open: true}
		}
	}
}

// holder is what can be banned once at a time.
type holder struct{ source, jail, address int64 }

func (k banKey) holder() holder { return holder{k.source, k.jail, k.address} }

// held is a ban whose end is at issue.
type held struct {
	banKey
	term
	id      int64 // 0: it is not in the database yet
	was     term  // in the database
	earlier *held // ban of the same holder
}

// ledger holds the bans that the lines of a batch may end.
type ledger struct {
	tx     *sql.Tx
	since  int64            // earlier bans are purged, but counted
	told   map[int64]bool   // by source: it says when bans end
	latest map[holder]*held // the latest ban of each, with those before it
	byID   map[int64]*held  // those of the database
	ahead  map[banKey]int   // those of the database that are read again, further on in the batch
}

// settle takes over what the batch says about when bans end: about those of rows, which are to be inserted, and about
// those in the database. keys are those of all bans of the batch, also of known ones, whose ids seen has in JSON.
func settle(
	ctx context.Context, tx *sql.Tx, source int64, b *Batch, ids *nameIDs, keys []banKey, rows []banRow, seen string,
	t *tally,
) error {
	since, err := purgedBefore(ctx, tx)
	if err != nil {
		return err
	}
	l := &ledger{tx: tx, since: since, latest: map[holder]*held{}, byID: map[int64]*held{}, ahead: map[banKey]int{}}
	if len(b.Gaps) > 0 {
		if err := l.forget(ctx, source, t); err != nil {
			return err
		}
	}
	ends := make([]holder, len(b.Ends))
	for i := range b.Ends {
		e := &b.Ends[i]
		ends[i] = holder{ids.sources[e.Source], ids.jails[e.Jail], ids.addresses[e.Address].id}
	}
	if err := l.findTold(ctx, b, ends, t); err != nil {
		return err
	}
	if b.Open && seen != "" {
		if err := l.reopen(ctx, seen, t); err != nil {
			return err
		}
	}
	if err := l.load(ctx, b, keys, ends); err != nil {
		return err
	}
	fresh := make([]held, len(rows))
	next, row := 0, 0
	isFresh := func(place int) bool { return row < len(rows) && rows[row].place == place }
	if seen != "" {
		for i, k := range keys {
			if isFresh(i) {
				row++
			} else {
				l.ahead[k]++
			}
		}
		row = 0
	}
	for i, k := range keys {
		for ; next < len(ends) && b.Ends[next].After <= i; next++ {
			l.apply(&b.Ends[next], ends[next])
		}
		l.supersede(k, isFresh(i))
		if !isFresh(i) {
			l.ahead[k]--
		} else {
			h := &fresh[row]
			h.banKey, h.term = k, rows[row].term
			l.insert(h)
			row++
		}
	}
	for ; next < len(ends); next++ {
		l.apply(&b.Ends[next], ends[next])
	}
	for i := range rows {
		rows[i].term, rows[i].told = fresh[i].term, l.told[rows[i].source]
	}
	return l.save(ctx, t)
}

// supersede ends the bans before: Fail2Ban bans nobody who is banned.
func (l *ledger) supersede(k banKey, fresh bool) {
	for h := l.latest[k.holder()]; h != nil; h = h.earlier {
		if h.open && (h.time < k.time || h.time == k.time && fresh) {
			l.end(h, k.time)
		}
	}
}

// end ends a ban at a moment, if it has not ended before. How long it lasted is left unknown if its source is not known
// to say when bans end.
func (l *ledger) end(h *held, at int64) {
	if l.told[h.source] && (h.seconds <= 0 || h.seconds > at-h.time) {
		h.seconds = max(1, at-h.time)
	}
	h.open = false
}

// began reports whether a ban began before a line, as the batch has it, or else its time.
func (l *ledger) began(h *held, at int64) bool {
	return h.id == 0 || h.time <= at && l.ahead[h.banKey] == 0
}

// apply takes over what a line says.
func (l *ledger) apply(e *End, of holder) {
	at := e.At.Unix()
	if e.Kind != Started {
		for h := l.latest[of]; h != nil; h = h.earlier {
			if l.began(h, at) {
				h.apply(e, at-h.time)
				return
			}
		}
		return
	}
	for k, h := range l.latest {
		if k.source != of.source || e.Jail != "" && k.jail != of.jail {
			continue
		}
		for ; h != nil; h = h.earlier {
			if h.open && l.began(h, at) {
				l.end(h, at)
			}
		}
	}
}

// forget gives up the open bans of a source of which lines are missing: nobody knows whether they are over. What was
// prolonged still ends when that is over.
func (l *ledger) forget(ctx context.Context, source int64, t *tally) error {
	var told bool
	err := l.tx.QueryRowContext(ctx, "SELECT ends FROM sources WHERE id = ?", source).Scan(&told)
	if err == nil && told {
		err = l.eachOpen(ctx, source, func(k banKey, n int64) { t.addEndless(k, n) })
	}
	if err == nil {
		_, err = l.tx.ExecContext(ctx, `UPDATE bans SET open = 0
			WHERE open = 1 AND ban_time = 0 AND source_id = ? AND time >= ?`, source, l.since)
	}
	return err
}

// reopen opens bans that are read again and whose end is unknown: now no line behind them is missing.
func (l *ledger) reopen(ctx context.Context, ids string, t *tally) error {
	const unknown = "id IN (SELECT value FROM json_each(?)) AND ban_time = 0 AND open = 0"
	err := bansByHour(ctx, l.tx, "0", unknown, func(k banKey, n, _ int64) {
		if l.told[k.source] {
			t.removeEndless(k, n)
		}
	}, ids)
	if err == nil {
		_, err = l.tx.ExecContext(ctx, "UPDATE bans SET open = 1 WHERE "+unknown, ids)
	}
	return err
}

// eachOpen calls yield with the number of open bans without a ban time, by hour and jail of the source.
func (l *ledger) eachOpen(ctx context.Context, source int64, yield func(k banKey, n int64)) error {
	return bansByHour(ctx, l.tx, "0", "open = 1 AND ban_time = 0 AND source_id = ? AND time >= ?",
		func(k banKey, n, _ int64) { yield(k, n) }, source, l.since)
}

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

// startUntold gives up the open bans of a source that is not known to say when bans end.
func (l *ledger) startUntold(ctx context.Context, e *End, of holder) error {
	_, err := l.tx.ExecContext(ctx, `UPDATE bans SET open = 0
		WHERE open = 1 AND source_id = ?1 AND (?2 OR jail_id = ?3) AND time <= ?4 AND time >= ?5`,
		of.source, e.Jail == "", of.jail, e.At.Unix(), l.since)
	return err
}

// add adds a ban of the database.
func (l *ledger) add(h *held) {
	if l.byID[h.id] == nil {
		h.was, l.byID[h.id] = h.term, h
		l.insert(h)
	}
}

// insert puts a ban among those of its holder: the latest is the first.
func (l *ledger) insert(h *held) {
	first := l.latest[h.holder()]
	if first == nil || first.time <= h.time {
		h.earlier, l.latest[h.holder()] = first, h
		return
	}
	for first.earlier != nil && first.earlier.time > h.time {
		first = first.earlier
	}
	h.earlier, first.earlier = first.earlier, h
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

// setTerms is the SQL that changes what is known of bans.
const setTerms = `WITH v (id, ban_time, open) AS (VALUES %s)
	UPDATE bans SET ban_time = v.ban_time, open = v.open FROM v WHERE bans.id = v.id`

// save writes what has changed of bans in the database.
func (l *ledger) save(ctx context.Context, t *tally) error {
	var changed []*held
	for _, h := range l.byID {
		if h.term == h.was {
			continue
		}
		changed = append(changed, h)
		if h.was.unknown() && !h.unknown() {
			t.removeEndless(h.banKey, 1)
		}
		if h.was.long() || h.long() {
			t.longPacks[floor(h.time, packSeconds)] = true
		}
	}
	slices.SortFunc(changed, func(a, b *held) int { return cmp.Compare(a.id, b.id) })
	var args []any
	return inChunks(ctx, l.tx, changed, setTerms, "(?,?,?)", func(statement *sql.Stmt, chunk []*held) error {
		args = args[:0]
		for _, h := range chunk {
			args = append(args, h.id, h.seconds, h.open)
		}
		_, err := statement.ExecContext(ctx, args...)
		return err
	})
}

// nameIDs are the ids of the names in a batch.
type nameIDs struct {
	addresses map[string]addressRow
	jails     map[string]int64
	sources   map[string]int64 // "" is that of the batch
}

// addEnds looks up what only the ends name. What is not in the database is left out: nothing of it was banned.
func (n *nameIDs) addEnds(ctx context.Context, tx *sql.Tx, ends []End) error {
	addresses, jails := map[string]struct{}{}, map[string]struct{}{}
	for i := range ends {
		e := &ends[i]
		if _, known := n.addresses[e.Address]; !known {
			addresses[e.Address] = struct{}{}
		}
		if _, known := n.jails[e.Jail]; !known {
			jails[e.Jail] = struct{}{}
		}
		if _, known := n.sources[e.Source]; !known {
			n.sources[e.Source] = 0
			rows, err := tx.QueryContext(ctx, "SELECT id FROM sources WHERE name = ?", e.Source)
			if err != nil {
				return err
			}
			found, err := collect(rows, single[int64])
			if err != nil {
				return err
			}
			for _, id := range found {
				n.sources[e.Source] = id
			}
		}
	}
	if len(addresses) > 0 {
		if _, err := existingAddresses(ctx, tx, slices.Sorted(maps.Keys(addresses)), n.addresses); err != nil {
			return err
		}
	}
	if len(jails) == 0 {
		return nil
	}
	list, err := json.Marshal(slices.Sorted(maps.Keys(jails)))
	if err != nil {
		return err
	}
	return existingJails(ctx, tx, string(list), n.jails)
}
