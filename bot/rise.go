package bot

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"friendlyfire/store"
)

// A jail is called stricter than usual when its bans hit more friends than its own past explains:
//
//   - The past is the jail's bans in the 365 days before. It must reach back 30 days, else there is no judgement.
//   - With K friendly ones of N bans in the past, the number of friendly ones of n bans now is taken to be
//     beta-binomial with a = K + 1/2 and b = N - K + 1/2 (Jeffreys' prior), so that little is read into a short past.
//     As many as there are, or more, must be less likely than 1 in 10,000.
//   - It must matter: at least three different friends, and at least twice the usual share. One address that is banned
//     over and over is no sign of a strict rule.
//
// At each friendly ban, the bot looks at the day so far and at the three days that end with it. In simulated years,
// that makes up to half a false alarm per jail and year. Where four friends a day are usual, a share that triples is
// found within three days in nine cases out of ten; where fewer are, it takes a greater rise, or a report on more days.
const (
	leastPast    = 30 * 24 * time.Hour
	pastDays     = 365
	chance       = 1.0 / 10_000
	leastFriends = 3
	leastRise    = 2
)

// hasRisen applies the rule. The past ends at until, or earlier.
func hasRisen(now, past store.Share, until time.Time) bool {
	if past.Bans == 0 || until.Sub(past.Since) < leastPast || now.Friends < leastFriends {
		return false
	}
	a, b := float64(past.Friendly)+0.5, float64(past.Bans-past.Friendly)+0.5
	if float64(now.Friendly) < leastRise*a/(a+b)*float64(now.Bans) {
		return false
	}
	return atLeast(now.Friendly, now.Bans, a, b) < chance
}

// atLeast is the probability of k or more out of n, if the share is drawn from the beta distribution of a and b.
// It adds up the upper tail, so that a small result is exact.
func atLeast(k, n int64, a, b float64) float64 {
	if k <= 0 {
		return 1
	}
	x, all, sum := float64(k), float64(n), 0.0
	p := math.Exp(lgamma(all+1) - lgamma(x+1) - lgamma(all-x+1) +
		lbeta(x+a, all-x+b) - lbeta(a, b))
	for ; x <= all; x++ {
		sum += p
		if p <= sum*1e-12 && x > all*a/(a+b) { // past the peak: what follows is less still
			break
		}
		p *= (all - x) / (x + 1) * (x + a) / (all - x - 1 + b)
	}
	return min(sum, 1)
}

// usualRange is between which shares four of five periods with n bans lie, by the jail's past: the tenth part lies
// below, and the tenth part above.
func usualRange(n int64, past store.Share) (low, high float64) {
	if n <= 0 {
		n = past.Bans
	}
	a, b := float64(past.Friendly)+0.5, float64(past.Bans-past.Friendly)+0.5
	// The least count that is exceeded with a probability below p.
	quantile := func(p float64) float64 {
		k := sort.Search(int(n), func(k int) bool { return atLeast(int64(k)+1, n, a, b) < p })
		return float64(k) / float64(n)
	}
	return quantile(0.9), quantile(0.1)
}

func lbeta(a, b float64) float64 { return lgamma(a) + lgamma(b) - lgamma(a+b) }

func lgamma(x float64) float64 {
	l, _ := math.Lgamma(x) // positive for all x here
	return l
}

// rise is a jail that is stricter than usual.
type rise struct {
	now, past store.Share
	days      int // that now covers
}

// riseTracker looks for rises, day by day. It counts the past once and keeps it until the day is over.
type riseTracker struct {
	from time.Time // the end of past
	past map[string]store.Share
}

// rises returns the jails that are stricter than usual on the day that ends at day(0), or else over the three days that
// end there, most friends first. day(n) is the midnight n days before. While no jail has met three friends, it costs
// one query.
func (t *riseTracker) rises(ctx context.Context, s *store.Store, day func(back int) time.Time) ([]rise, error) {
	three, err := s.Shares(ctx, store.Window{From: day(3), To: day(0)})
	if err != nil {
		return nil, err
	}
	delete(three, "")
	for jail, share := range three {
		if share.Friends < leastFriends {
			delete(three, jail)
		}
	}
	if len(three) == 0 {
		return nil, nil
	}
	if !t.from.Equal(day(3)) || t.past == nil {
		if t.past, err = pastOf(ctx, s, day(3)); err != nil {
			return nil, err
		}
		t.from = day(3)
	}
	one, err := s.Shares(ctx, store.Window{From: day(1), To: day(0)})
	if err != nil {
		return nil, err
	}
	var all []rise
	for jail, share := range three {
		past := t.past[jail]
		switch {
		case hasRisen(one[jail], past, t.from):
			all = append(all, rise{now: one[jail], past: past, days: 1})
		case hasRisen(share, past, t.from):
			all = append(all, rise{now: share, past: past, days: 3})
		}
	}
	slices.SortFunc(all, func(a, b rise) int {
		return cmp.Or(cmp.Compare(b.now.Friendly, a.now.Friendly), cmp.Compare(a.now.Jail, b.now.Jail))
	})
	return all, nil
}

// pastOf counts, by jail, the past of a period that begins at from.
func pastOf(ctx context.Context, s *store.Store, from time.Time) (map[string]store.Share, error) {
	return s.Shares(ctx, store.Window{From: from.AddDate(0, 0, -pastDays), To: from})
}

// hit is "4 of 212 bans today hit friends", and of how many addresses where they are not as many.
func (r rise) hit(when string) string {
	s := number(r.now.Friendly) + " of " + plural(r.now.Bans, "ban") + when + " hit friends"
	if r.now.Friends < r.now.Friendly {
		s += " (" + plural(r.now.Friends, "address") + ")"
	}
	return s
}

// usual is "1 of 200": the share, in numbers that are easy to read.
func usual(s store.Share) string {
	switch share := float64(s.Friendly) / float64(s.Bans); {
	case s.Friendly == 0:
		return "none of " + number(s.Bans)
	case share < 0.1:
		return "1 of " + number(int64(math.Round(1/share)))
	default:
		return fmt.Sprintf("%.0f of 10", 10*share)
	}
}
