package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// BanHour is how many bans a source had in an hour.
type BanHour struct {
	Hour int64 // its first second, in unix seconds
	Bans int64
}

// BanHours returns the hours of the window in which the source had bans, in their order. Purged bans count, and so do
// those of servers that are in its file.
func (s *Store) BanHours(ctx context.Context, source string, w Window) ([]BanHour, error) {
	bans := map[int64]int64{}
	err := s.hoursOf(ctx, source, true, w, func(r rollupRow) { bans[floor(r.time, hourSeconds)] += r.bans })
	if err != nil {
		return nil, fmt.Errorf("hours with bans of %s: %w", source, err)
	}
	var all []BanHour
	for hour, n := range bans {
		all = append(all, BanHour{hour, n})
	}
	slices.SortFunc(all, func(a, b BanHour) int { return cmp.Compare(a.Hour, b.Hour) })
	return all, nil
}
