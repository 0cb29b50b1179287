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
	bin := []Bin{{Window: w}}
	err = s.hourSums(ctx, bin, func(k kept) {
		share, known := shares[names[k.jail]]
		if since := time.Unix(k.start, 0); !known || since.Before(share.Since) {
			share.Since = since
		}
		share.Jail, share.Bans, share.Friendly = names[k.jail], share.Bans+k.bans, share.Friendly+k.friendly
		shares[share.Jail] = share
	})
	if err != nil {
		return nil, err
	}
	err = s.hours(ctx, bin, "jail_id", "friends", func(k kept) {
		jail := names[k.key]
		if friends[jail] == nil {
			friends[jail] = &distinct{}
		}
		friends[jail].addAll(k.ids)
	})
	for jail, d := range friends {
		share := shares[jail]
		share.Friends = d.n
		shares[jail] = share
	}
	return shares, err
}
