package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"slices"
	"time"
)

// Hold is one ban as the stretch of time in which it keeps an address out.
type Hold struct {
	Address  int64 // the same number is the same address
	Jail     string
	Friendly bool
	From     time.Time
	Until    time.Time // the first moment at which it is over; zero: never
}

// short is how long most bans last at most, in seconds. Longer ones have an index of their own: the few that are in
// force at a moment are found without a look at all that ever were, and in the index alone.
const short = 4 * hourSeconds

// Holds yields the bans in force at any of the moments, which ascend: address by address, within those jail by jail, and
// within those by time. Bans of which the source does not say how long they last are left out. An error is the last to
// come.
func (s *Store) Holds(ctx context.Context, moments ...time.Time) iter.Seq2[Hold, error] {
	return func(yield func(Hold, error) bool) {
		if len(moments) == 0 {
			return
		}
		jails, err := s.names(ctx, "jails")
		if err != nil {
			yield(Hold{}, err)
			return
		}
		var spans []span // in which short bans begin that are in force at a moment
		for _, m := range moments {
			from, to := m.Unix()-short+1, m.Unix()+1
			if n := len(spans); n > 0 && from <= spans[n-1].To {
				spans[n-1].To = to
				continue
			}
			spans = append(spans, span{From: from, To: to})
		}
		list, err := json.Marshal(spans)
		if err != nil {
			yield(Hold{}, err)
			return
		}
		rows, err := s.r.QueryContext(ctx, `SELECT address_id, jail_id, address_id IN (SELECT id FROM addresses WHERE friendly = 1), time, ban_time FROM (
				SELECT address_id, jail_id, time, ban_time FROM json_each(?1) CROSS JOIN bans
				WHERE time >= value ->> 'from' AND time < value ->> 'to' AND ban_time BETWEEN 1 AND ?2
				UNION ALL
				SELECT address_id, jail_id, time, ban_time FROM bans INDEXED BY bans_long
				WHERE (ban_time < 0 OR ban_time > 14400) AND time <= ?4 AND (ban_time < 0 OR time + ban_time > ?3))
			ORDER BY address_id, jail_id, time`, string(list), short, moments[0].Unix(), moments[len(moments)-1].Unix())
		if err != nil {
			yield(Hold{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			h, err := scanHold(rows, jails)
			if err == nil && !h.at(moments) {
				continue
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			yield(Hold{}, err)
		}
	}
}

// at reports whether the ban is in force at one of the moments, which ascend.
func (h Hold) at(moments []time.Time) bool {
	i, _ := slices.BinarySearchFunc(moments, h.From, time.Time.Compare)
	return i < len(moments) && (h.Until.IsZero() || moments[i].Before(h.Until))
}

func scanHold(rows *sql.Rows, jails map[int64]string) (h Hold, err error) {
	var jail, from, length int64
	err = rows.Scan(&h.Address, &jail, &h.Friendly, &from, &length)
	h.Jail = jails[jail]
	h.From = time.Unix(from, 0)
	if length > 0 && from <= math.MaxInt64-length { // more seconds than can be counted are for ever
		h.Until = time.Unix(from+length, 0)
	}
	return h, err
}

// Endless counts the bans of the window of which the source does not say how long they last.
func (s *Store) Endless(ctx context.Context, w Window) (n int64, err error) {
	err = s.hourSums(ctx, []Bin{{Window: w}}, func(k kept) { n += k.endless })
	return n, err
}
