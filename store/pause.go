package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// BanHour is how many bans a source had in an hour.
type BanHour struct {
	Hour int64 // its first second, in unix seconds
	Bans int64
}

// BanHours returns the hours of the window in which the source had bans, in their order. Purged bans count.
func (s *Store) BanHours(ctx context.Context, source string, w Window) ([]BanHour, error) {
	var id int64
	err := s.r.QueryRowContext(ctx, "SELECT id FROM sources WHERE name = ?", source).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("hours with bans of %s: %w", source, err)
	}
	bans := map[int64]int64{}
	err = s.hours(ctx, []Bin{{Window: w}}, false, func(r rollupRow) {
		if r.source == id {
			bans[floor(r.time, hourSeconds)] += r.bans
		}
	})
	if err != nil {
		return nil, fmt.Errorf("hours with bans of %s: %w", source, err)
	}
	all := make([]BanHour, 0, len(bans))
	for hour, n := range bans {
		all = append(all, BanHour{hour, n})
	}
	slices.SortFunc(all, func(a, b BanHour) int { return cmp.Compare(a.Hour, b.Hour) })
	return all, nil
}
