package store

import (
	"context"
	"database/sql"
	"time"
)

// Share is how many of a jail's bans hit friends.
type Share struct {
	Jail     string // "" where the source does not say
	Bans     int64
	Friendly int64     // bans of friendly addresses
	Friends  int64     // distinct friendly addresses
	Since    time.Time // of the first ban counted
}

// Shares counts the friends among the bans of the window, by jail. Jails without bans are left out.
func (s *Store) Shares(ctx context.Context, w Window) (map[string]Share, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT j.name, count(*), sum(a.friendly),
			count(DISTINCT b.address_id) FILTER (WHERE a.friendly), min(b.time)
		FROM bans b JOIN addresses a ON a.id = b.address_id JOIN jails j ON j.id = b.jail_id
		WHERE b.time >= ? AND b.time < ? GROUP BY j.id`, w.from(), w.to())
	if err != nil {
		return nil, err
	}
	shares := map[string]Share{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var s Share
		var since int64
		err = rows.Scan(&s.Jail, &s.Bans, &s.Friendly, &s.Friends, &since)
		s.Since = time.Unix(since, 0)
		shares[s.Jail] = s
		return none, err
	})
	return shares, err
}
