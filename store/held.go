package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"math"
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

// Holds yields the bans in force at any moment of the window, address by address, within those jail by jail, and within
// those by time. Bans of which the source does not say how long they last are left out. An error is the last to come.
func (s *Store) Holds(ctx context.Context, w Window) iter.Seq2[Hold, error] {
	return func(yield func(Hold, error) bool) {
		rows, err := s.r.QueryContext(ctx, `SELECT b.address_id, j.name, a.friendly, b.time, b.ban_time
			FROM bans b JOIN addresses a ON a.id = b.address_id JOIN jails j ON j.id = b.jail_id
			WHERE b.time < ? AND b.ban_time <> 0 AND (b.ban_time < 0 OR b.time + b.ban_time > ?)
			ORDER BY b.address_id, j.name, b.time`, w.to(), w.from())
		if err != nil {
			yield(Hold{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			h, err := scanHold(rows)
			if !yield(h, err) || err != nil {
				return
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			yield(Hold{}, err)
		}
	}
}

func scanHold(rows *sql.Rows) (h Hold, err error) {
	var from, length int64
	err = rows.Scan(&h.Address, &h.Jail, &h.Friendly, &from, &length)
	h.From = time.Unix(from, 0)
	if length > 0 && from <= math.MaxInt64-length { // more seconds than can be counted are for ever
		h.Until = time.Unix(from+length, 0)
	}
	return h, err
}

// Endless counts the bans of the window of which the source does not say how long they last.
func (s *Store) Endless(ctx context.Context, w Window) (n int64, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT count(*) FROM bans WHERE time >= ? AND time < ? AND ban_time = 0", w.from(), w.to()).Scan(&n)
	return n, err
}
