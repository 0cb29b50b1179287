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

// ActiveBan is one ban as the stretch of time in which it keeps an address out.
type ActiveBan struct {
	Address  int64 // the same number is the same address
	Jail     string
	Friendly bool
	From     time.Time
	Until    time.Time // the first moment at which it is over; zero: never
}

// short is how long most bans last at most, in seconds. Longer ones have an index of their own: the few that are in
// force at a moment are found without a look at all that ever were, and in the index alone.
const short = 4 * hourSeconds

// longBans are those that last longer. Where counts have a number of bans, they have the seconds that one lasts.
func longBans() rollup {
	return rollup{1, 1, "bans INDEXED BY bans_long WHERE (ban_time < 0 OR ban_time > 14400)", "time", "pack(time, 0, jail_id, '', ban_time, 0, 0, address_id, x'')"}
}

// ActiveBans calls yield with the bans in force at any of the moments, which ascend; in order of time. Bans of which the source
// does not say how long they last are left out.
func (s *Store) ActiveBans(ctx context.Context, moments []time.Time, yield func(ActiveBan)) error {
	if len(moments) == 0 {
		return nil
	}
	jails, err := s.names(ctx, "jails")
	if err != nil {
		return err
	}
	friends, err := s.friendly(ctx)
	if err != nil {
		return err
	}
	briefs, err := s.shortBans(ctx, moments)
	if err != nil {
		return err
	}
	seconds := make([]int64, len(moments))
	for i, m := range moments {
		seconds[i] = m.Unix()
	}
	take := func(k rollupRow) {
		ends := k.bans > 0 && k.time <= math.MaxInt64-k.bans // more seconds than can be counted are for ever
		if i, _ := slices.BinarySearch(seconds, k.time); i == len(seconds) || ends && seconds[i] >= k.time+k.bans {
			return
		}
		id, _ := binary.Uvarint(k.addresses)
		h := ActiveBan{Address: int64(id), Jail: jails[k.jail], Friendly: friends[int64(id)], From: time.Unix(k.time, 0)} //nolint:gosec // it was made of an int64
		if ends {
			h.Until = time.Unix(k.time+k.bans, 0)
		}
		yield(h)
	}
	next, stop := iter.Pull(iter.Seq[rollupRow](briefs.all))
	defer stop()
	brief, more := next()
	err = longBans().read(ctx, s.r, math.MinInt64, moments[len(moments)-1].Unix()+1, func(p pack) {
		for k := range p.all {
			for ; more && brief.time < k.time; brief, more = next() {
				take(brief)
			}
			take(k)
		}
	})
	for ; err == nil && more; brief, more = next() {
		take(brief)
	}
	return err
}

// shortBans are those that begin so short before one of the moments that they may be in force then.
func (s *Store) shortBans(ctx context.Context, moments []time.Time) (p pack, err error) {
	type window struct {
		First int64 `json:"first"` // moment in it: what is over by then need not be looked at
		From  int64 `json:"from"`
		To    int64 `json:"to"`
	}
	var windows []window
	for _, m := range moments {
		from, to := m.Unix()-short+1, m.Unix()+1
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
		string(list), short).Scan((*[]byte)(&p))
	return p, err
}

// friendly are the ids of the friendly addresses.
func (s *Store) friendly(ctx context.Context) (map[int64]bool, error) {
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

// Endless counts the bans of the window of which the source does not say how long they last.
func (s *Store) Endless(ctx context.Context, w Window) (n int64, err error) {
	err = s.hours(ctx, []Bin{{Window: w}}, false, func(k rollupRow) { n += k.endless })
	return n, err
}
