package store

import (
	"context"
	"time"
)

// Share is how many of a jail's bans hit friends.
type Share struct {
	Jail     string // "" where the source does not say
	Bans     int64
	Friendly int64     // bans of friendly addresses
	Friends  int64     // distinct friendly addresses
	Since    time.Time // of the first ban counted, or the start of its hour
}

// Shares counts the friends among the bans of the window, by jail. Jails without bans are left out.
func (s *Store) Shares(ctx context.Context, w Window) (map[string]Share, error) {
	names, err := s.names(ctx, "jails")
	if err != nil {
		return nil, err
	}
	shares, friends := map[string]Share{}, map[string]*distinct{}
	err = s.hours(ctx, []Bin{{Window: w}}, whom, func(k kept) {
		jail := names[k.jail]
		share := shares[jail]
		if friends[jail] == nil {
			share.Jail, share.Since, friends[jail] = jail, time.Unix(k.start, 0), &distinct{}
		}
		if start := time.Unix(k.start, 0); start.Before(share.Since) {
			share.Since = start
		}
		friends[jail].addAll(k.friends)
		share.Bans, share.Friendly, share.Friends = share.Bans+k.bans, share.Friendly+k.friendly, friends[jail].n
		shares[jail] = share
	})
	return shares, err
}
