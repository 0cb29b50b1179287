package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
)

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
			t.stale.add(longBans(), h.time)
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
