package store

import (
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
		if err := l.forgetAll(ctx, source, t); err != nil {
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
