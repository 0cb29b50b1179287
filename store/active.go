package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"time"
)

// ActiveBan is one ban and the time for which it is in force.
type ActiveBan struct {
	Address  int64 // equal for equal addresses
	Jail     string
	Friendly bool
	From     time.Time
	Until    time.Time // the first moment after it; zero: it is permanent, or its end is still to come
}

// shortBanSeconds is the duration that most bans do not exceed. Longer ones have an index of their own, which alone is
// enough to find the few that are in force at a moment without reading all bans.
const shortBanSeconds = 4 * hourSeconds

// longBans are the bans that last longer. In their packs, bans is not a count but the ban's duration in seconds.
func longBans() rollup {
	return rollup{
		seconds: 1, packUnit: packsOfLongBans, timeColumn: "time",
		table:    "bans INDEXED BY bans_long WHERE (ban_time < 0 OR ban_time > 14400)",
		packExpr: "pack(time, 0, jail_id, '', ban_time, 0, 0, address_id, x'')",
	}
}

// ActiveBans calls yield, in order of time, with the bans in force at any of the moments, which must ascend. Bans are
// left out if nobody knows whether they are over: Endless counts them.
func (s *Store) ActiveBans(ctx context.Context, moments []time.Time, yield func(ActiveBan)) error {
	seconds := make([]int64, len(moments))
	for i, m := range moments {
		seconds[i] = m.Unix()
	}
	return s.activeBans(ctx, moments, yield, func(from, until int64) bool {
		i, _ := slices.BinarySearch(seconds, from)
		return i < len(seconds) && seconds[i] < until
	})
}

// BansDuring is ActiveBans for all moments of the window, which must have ends. It reads every ban of the window.
func (s *Store) BansDuring(ctx context.Context, w Window, yield func(ActiveBan)) error {
	if !w.From.Before(w.To) {
		return nil
	}
	last := w.To.Add(-time.Second)
	var moments []time.Time // so close that no short ban lies between two of them
	for at := w.From; at.Before(last); at = at.Add(shortBanSeconds * time.Second) {
		moments = append(moments, at)
	}
	first, end := w.From.Unix(), last.Unix()
	return s.activeBans(ctx, append(moments, last), yield, func(from, until int64) bool {
		return from <= end && until > first
	})
}

// activeBans calls yield with the bans that are to be kept, among those that are in force at any of the moments, and
// some others around them.
func (s *Store) activeBans(
	ctx context.Context, moments []time.Time, yield func(ActiveBan), keep func(from, until int64) bool,
) error {
	if len(moments) == 0 {
		return nil
	}
	jails, err := s.names(ctx, "jails")
	if err != nil {
		return err
	}
	friends, err := s.friendlyIDs(ctx)
	if err != nil {
		return err
	}
	shortBans, err := s.shortBans(ctx, moments)
	if err != nil {
		return err
	}
	openBans, err := s.openBans(ctx, moments[len(moments)-1])
	if err != nil {
		return err
	}
	emit := func(k rollupRow) {
		ends := k.bans > 0 && k.time <= math.MaxInt64-k.bans // a time that overflows never comes
		until := int64(math.MaxInt64)
		if ends {
			until = k.time + k.bans
		}
		if !keep(k.time, until) {
			return
		}
		number, _ := binary.Uvarint(k.addresses)
		id := int64(number) //nolint:gosec // it was encoded from an int64
		ban := ActiveBan{Address: id, Jail: jails[k.jail], Friendly: friends[id], From: time.Unix(k.time, 0)}
		if ends {
			ban.Until = time.Unix(k.time+k.bans, 0)
		}
		yield(ban)
	}
	next, stop := iter.Pull(byTime(shortBans.all, openBans.all))
	defer stop()
	shortBan, more := next()
	err = longBans().read(ctx, s.r, math.MinInt64, moments[len(moments)-1].Unix()+1, func(p pack) {
		for k := range p.all {
			for ; more && shortBan.time < k.time; shortBan, more = next() {
				emit(shortBan)
			}
			emit(k)
		}
	})
	for ; err == nil && more; shortBan, more = next() {
		emit(shortBan)
	}
	return err
}

// shortBans returns the short bans that are in force at any of the moments, and some others around them.
func (s *Store) shortBans(ctx context.Context, moments []time.Time) (p pack, err error) {
	type window struct {
		First int64 `json:"first"` // moment in it: bans that have ended by then are left out
		From  int64 `json:"from"`
		To    int64 `json:"to"`
	}
	var windows []window
	for _, m := range moments {
		from, to := m.Unix()-shortBanSeconds+1, m.Unix()+1
		if n := len(windows); n > 0 && from <= windows[n-1].To {
			windows[n-1].To = to
			continue
		}
		windows = append(windows, window{m.Unix(), from, to})
	}
	list, err := json.Marshal(windows)
	if err != nil {
		return nil, err
	}
	err = s.r.QueryRowContext(ctx, `WITH windows AS MATERIALIZED (
			SELECT value ->> 'first' AS first, value ->> 'from' AS start, value ->> 'to' AS stop FROM json_each(?1))
		SELECT pack(time, 0, jail_id, '', ban_time, 0, 0, address_id, x'') FROM windows CROSS JOIN bans
		WHERE time >= start AND time < stop AND ban_time BETWEEN 1 AND ?2 AND time + ban_time > first`,
		string(list), shortBanSeconds).Scan((*[]byte)(&p))
	return p, err
}

// openBans returns the bans that began by the moment and that a later line will end, as permanent bans.
func (s *Store) openBans(ctx context.Context, by time.Time) (p pack, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT pack(time, 0, jail_id, '', -1, 0, 0, address_id, x'') FROM (
			SELECT time, jail_id, address_id FROM bans INDEXED BY bans_open
			WHERE open = 1 AND ban_time = 0 AND time <= ? AND source_id IN (SELECT id FROM sources WHERE ends = 1)
			ORDER BY time)`, by.Unix()).Scan((*[]byte)(&p))
	return p, err
}

// byTime yields the rows of both, which come in order of time, in that order.
func byTime(a, b iter.Seq[rollupRow]) iter.Seq[rollupRow] {
	return func(yield func(rollupRow) bool) {
		next, stop := iter.Pull(b)
		defer stop()
		other, more := next()
		for row := range a {
			for ; more && other.time < row.time; other, more = next() {
				if !yield(other) {
					return
				}
			}
			if !yield(row) {
				return
			}
		}
		for ; more && yield(other); other, more = next() {
		}
	}
}

// friendlyIDs returns the ids of the friendly addresses.
func (s *Store) friendlyIDs(ctx context.Context) (map[int64]bool, error) {
	var list []byte
	var ids []int64
	err := s.r.QueryRowContext(ctx, "SELECT json_group_array(id) FROM addresses WHERE friendly = 1").Scan(&list)
	if err == nil {
		err = json.Unmarshal(list, &ids)
	}
	all := make(map[int64]bool, len(ids))
	for _, id := range ids {
		all[id] = true
	}
	return all, err
}

// Endless counts the bans in the window of which nobody knows whether they are over: their source does not give their
// duration, and has not said that they end.
func (s *Store) Endless(ctx context.Context, w Window) (n int64, err error) {
	r := hoursOfAll(false)
	r.endless = true
	err = s.rollupRows(ctx, r, []Bin{{Window: w}}, func(k rollupRow) { n += k.endless })
	return n, err
}

// EndlessJails returns the jails that have banned, but no ban of which anybody knows whether it is over.
func (s *Store) EndlessJails(ctx context.Context) (map[string]bool, error) {
	names, err := s.names(ctx, "jails")
	if err != nil {
		return nil, err
	}
	known := map[int64]bool{}
	err = s.hours(ctx, []Bin{{}}, false, func(k rollupRow) { known[k.jail] = known[k.jail] || k.endless < k.bans })
	endless := map[string]bool{}
	for jail, known := range known {
		if !known {
			endless[names[jail]] = true
		}
	}
	return endless, err
}
