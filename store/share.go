package store

import (
	"context"
	"time"
)

// Share is how many of a jail's bans hit friends.
type Share struct {
	Jail     string // "" if the source does not name it
	Bans     int64
	Friendly int64     // bans of friendly addresses
	Friends  int64     // distinct friendly addresses
	Since    time.Time // time of the first ban counted, or the start of its hour
}

// Shares counts the bans of the window, and those that hit friends, by jail. Jails without bans are left out.
func (s *Store) Shares(ctx context.Context, w Window) (map[string]Share, error) {
	type counted struct {
		Share
		first   int64
		friends distinct
	}
	jails := map[int64]*counted{}
	err := s.hours(ctx, []Bin{{Window: w}}, false, func(k rollupRow) {
		c := jails[k.jail]
		if c == nil {
			c = &counted{first: k.time}
			jails[k.jail] = c
		}
		c.first = min(c.first, k.time)
		c.Bans += k.bans
		c.Friendly += k.friendly
		c.friends.add(k.friends)
	})
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, "jails")
	shares := make(map[string]Share, len(jails))
	for jail, c := range jails {
		c.Jail, c.Friends, c.Since = names[jail], c.friends.count(), time.Unix(c.first, 0)
		shares[c.Jail] = c.Share
	}
	return shares, err
}

// ShareOn counts the bans of one jail on one server in the window, and those that hit friends.
func (s *Store) ShareOn(ctx context.Context, jail, source string, w Window) (share Share, err error) {
	var jailID int64
	err = s.r.QueryRowContext(ctx, "SELECT coalesce((SELECT id FROM jails WHERE name = ?), 0)", jail).Scan(&jailID)
	if err != nil {
		return share, err
	}
	share.Jail = jail
	var friends distinct
	err = s.hoursOf(ctx, source, false, w, func(k rollupRow) {
		if k.jail != jailID {
			return
		}
		if at := time.Unix(k.time, 0); share.Bans == 0 || at.Before(share.Since) {
			share.Since = at
		}
		share.Bans += k.bans
		share.Friendly += k.friendly
		friends.add(k.friends)
	})
	share.Friends = friends.count()
	return share, err
}
