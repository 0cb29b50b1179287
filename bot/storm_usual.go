package bot

import (
	"context"
	"math"
	"time"

	"friendlyfire/store"
)

// What is usual for a jail on a server is said of the days before a storm, where it has banned there for long enough.
const usualDays, leastUsualDays = 90, 14

// usually is how often the storm's jail bans friends on that server otherwise: "usually 1 a day"; "" where nobody
// knows.
func (d *Deliverer) usually(ctx context.Context, storm []Told) (string, error) {
	if len(storm) == 0 {
		return "", nil
	}
	b, first := storm[0], storm[0].Time
	for _, other := range storm {
		if other.Time.Before(first) {
			first = other.Time
		}
	}
	past := store.Window{From: first.AddDate(0, 0, -usualDays), To: first.Add(-time.Hour)}
	share, err := d.Store.ShareOn(ctx, b.Jail, b.Source, past)
	days := past.To.Sub(share.Since).Hours() / 24
	if err != nil || share.Bans == 0 || days < leastUsualDays {
		return "", err
	}
	switch rate := float64(share.Friendly) / days; {
	case share.Friendly == 0:
		return "usually none", nil
	case math.Round(rate) >= 1:
		return "usually " + number(int64(math.Round(rate))) + " a day", nil
	default:
		return "usually 1 in " + plural(int64(math.Round(1/rate)), "day"), nil
	}
}
