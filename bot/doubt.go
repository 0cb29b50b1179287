package bot

import (
	"cmp"
	"context"
	"slices"
	"time"

	"friendlyfire/store"
)

// A platform may refuse a message for a reason that is in no list: the fault may be the message's own, which must not
// block the chat, or the chat's, which must cost no message. What becomes of others decides:
//
//   - A refused message is kept, and gives its place to those that were refused less often. If these are refused too,
//     all wait, and take turns, each notice in a message of its own.
//   - Once another has gone through, the chat is not at fault. A notice that is then refused three times more, in a
//     message of its own, is at fault itself, and is given up; unless others are refused as well, with none going
//     through in between: then it must be refused after three that went through.
//   - Where a notice goes through that was refused in a message of its own, the chat was at fault: all begin anew.
//
// A chat where nothing goes through, be it for days, therefore loses nothing to this rule, and a bad message with no
// other beside it waits like any other. This is remembered only while the program runs: a restart begins to count anew.
type doubt struct {
	refused map[int64]*refusals // by notice
	since   map[int64]bool      // the notices refused since a message last went through
	pause   time.Time           // until then only notices that were never refused are tried
}

// refusals are those of one notice.
type refusals struct {
	times  int       // in all; since another has gone through, if one has
	passes int       // how often another went through after a refusal
	until  time.Time // not tried before
	alone  bool      // in a message of its own
}

const (
	ownFault   = 3                // refusals, or messages that went through, until a notice is at fault itself
	ownTry     = 20 * time.Second // between attempts at such a notice, which hold up no other
	briskTries = 5                // attempts in a chat that refuses everything, before these become rare
	rareTry    = 15 * time.Minute // between these
	freshTry   = time.Minute      // at least, from one attempt in such a chat to that of a notice that was never refused
)

// order returns the notices in the order in which they are to be tried: those first that were refused least, and each
// that was refused in a message of its own. It leaves out what is not to be tried now.
func (d *doubt) order(due []store.Notice, now time.Time) []store.Notice {
	var fresh, doubted []store.Notice
	for _, n := range due {
		r := d.refused[n.ID]
		switch {
		case r == nil || r.times == 0:
			fresh = append(fresh, n)
		case !now.Before(d.pause) && !now.Before(r.until):
			n.Alone = n.Alone || n.Nonce == "" // what may have arrived is repeated as it was
			doubted = append(doubted, n)
		}
	}
	slices.SortStableFunc(doubted, func(a, b store.Notice) int {
		return cmp.Compare(d.refused[a.ID].times, d.refused[b.ID].times)
	})
	return append(fresh, doubted...)
}

// next is how long it takes until a notice that was refused may be tried again; 0: none is held back.
func (d *doubt) next(now time.Time) time.Duration {
	var next time.Time
	for _, r := range d.refused {
		until := r.until
		if until.Before(d.pause) {
			until = d.pause
		}
		if until.After(now) && (next.IsZero() || until.Before(next)) {
			next = until
		}
	}
	return max(0, next.Sub(now))
}

// passed takes note that a message of these notices has gone through.
func (d *doubt) passed(ids []int64) {
	for _, id := range ids {
		if r := d.refused[id]; r != nil && r.alone {
			*d = doubt{}
			return
		}
	}
	d.forget(ids)
	for id := range d.since {
		r := d.refused[id]
		if r.passes++; r.passes == 1 {
			r.times = 0
		}
	}
	d.since, d.pause = nil, time.Time{}
}

// refusedAgain takes note that a message of these notices was refused. It reports whether another has gone through
// after an earlier refusal, and whether the message is at fault itself.
func (d *doubt) refusedAgain(ids []int64) (cleared, own bool) {
	if d.since == nil {
		d.since = map[int64]bool{}
	}
	if d.refused == nil {
		d.refused = map[int64]*refusals{}
	}
	cleared, own = true, len(ids) == 1
	for _, id := range ids {
		r := d.refused[id]
		if r == nil {
			r = &refusals{}
			d.refused[id] = r
		}
		r.times++
		r.alone = r.alone || len(ids) == 1
		d.since[id] = true
		cleared = cleared && r.passes > 0
		own = own && cleared && r.times >= ownFault && (len(d.since) == 1 || r.passes >= ownFault)
	}
	return cleared, own
}

func (d *doubt) forget(ids []int64) {
	for _, id := range ids {
		delete(d.refused, id)
		delete(d.since, id)
	}
}

// recordDoubt records that a message was refused for a reason that is in no list. The next attempt comes after the
// attempt's hold, or later.
func (d *Deliverer) recordDoubt(ctx context.Context, end store.Attempt, status store.ChatStatus) (goOn bool, err error) {
	cleared, own := d.doubt.refusedAgain(end.IDs)
	if own {
		return true, d.reject(ctx, end)
	}
	if cleared { // the chat is in no trouble
		end.Failed, end.Hold = false, 0
		if len(end.IDs) == 1 {
			d.doubt.refused[end.IDs[0]].until = end.At.Add(ownTry)
		}
	} else if status.Failures >= briskTries {
		end.Hold, d.doubt.pause = freshTry, end.At.Add(rareTry)
	}
	return cleared, d.Store.RecordAttempt(ctx, end)
}

// reject gives up a message that is at fault itself: one of several notices is tried again notice by notice.
func (d *Deliverer) reject(ctx context.Context, end store.Attempt) error {
	d.doubt.forget(end.IDs)
	end.Outcome, end.Failed, end.Hold = store.Refused, false, 0
	if len(end.IDs) > 1 {
		end.Outcome = store.Separately
	}
	return d.Store.RecordAttempt(ctx, end)
}
