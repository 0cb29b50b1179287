package bot

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"friendlyfire/store"
)

// A jail is called stricter than usual when its bans hit more friends than its own past explains:
//
//   - The past is the jail's bans in the 365 days before. It must reach back 30 days, else there is no judgement.
//   - With K friendly ones of N bans in the past, the number of friendly ones of n bans now is taken to be
//     beta-binomial with a = K + 1/2 and b = N - K + 1/2 (Jeffreys' prior), so that little is read into a short past.
//     To see as many as there are, or more, must be less likely than 1 in 10,000.
//   - It must matter: at least three different friends, and at least twice the usual share. One address that is banned
//     over and over is no sign of a strict rule.
//
// The bot looks at the day so far and at the three days that end with it, anew at each friendly ban. In simulated years,
// that makes up to half a false alarm a year and jail; a share that triples is found within three days in nine cases of
// ten where four friends a day are usual. Where there are fewer, it takes a greater rise, or a report of more days.
const (
	leastPast    = 30 * 24 * time.Hour
	pastDays     = 365
	chance       = 1.0 / 10_000
	leastFriends = 3
	leastRise    = 2
)

// isStricter applies the rule. The past ends at the moment until, or before.
func isStricter(now, past store.Share, until time.Time) bool {
	if past.Bans == 0 || until.Sub(past.Since) < leastPast || now.Friends < leastFriends {
		return false
	}
	a, b := float64(past.Friendly)+0.5, float64(past.Bans-past.Friendly)+0.5
	if float64(now.Friendly) < leastRise*a/(a+b)*float64(now.Bans) {
		return false
	}
	return atLeast(now.Friendly, now.Bans, a, b) < chance
}

// atLeast is how likely k or more of n are, if the share is drawn from the beta distribution of a and b.
// It adds up the greater numbers, so that a small result is exact.
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

func lbeta(a, b float64) float64 { return lgamma(a) + lgamma(b) - lgamma(a+b) }

func lgamma(x float64) float64 {
	l, _ := math.Lgamma(x) // positive for all x here
	return l
}

// rise is a jail that is stricter than usual.
type rise struct {
	now, past store.Share
	days      int // that now is about
}

// riseTracker looks for rises, day by day. It counts a past once and keeps it until the day is over.
type riseTracker struct {
	from time.Time // where the days begin that past comes before
	past map[string]store.Share
}

// rises returns the jails that are stricter than usual on the day that ends at day(0), or else over the three days that
// do, most friends first. day(n) is the midnight n days before. A day on which nobody meets three friends costs one query.
func (y *riseTracker) rises(ctx context.Context, s *store.Store, day func(back int) time.Time) ([]rise, error) {
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
	if !y.from.Equal(day(3)) || y.past == nil {
		if y.past, err = pastOf(ctx, s, day(3)); err != nil {
			return nil, err
		}
		y.from = day(3)
	}
	one, err := s.Shares(ctx, store.Window{From: day(1), To: day(0)})
	if err != nil {
		return nil, err
	}
	var all []rise
	for jail, share := range three {
		past := y.past[jail]
		switch {
		case isStricter(one[jail], past, y.from):
			all = append(all, rise{now: one[jail], past: past, days: 1})
		case isStricter(share, past, y.from):
			all = append(all, rise{now: share, past: past, days: 3})
		}
	}
	slices.SortFunc(all, func(a, b rise) int {
		return cmp.Or(cmp.Compare(b.now.Friendly, a.now.Friendly), cmp.Compare(a.now.Jail, b.now.Jail))
	})
	return all, nil
}

// pastOf counts, by jail, what is usual at the moment from.
func pastOf(ctx context.Context, s *store.Store, from time.Time) (map[string]store.Share, error) {
	return s.Shares(ctx, store.Window{From: from.AddDate(0, 0, -pastDays), To: from})
}

// seen is "4 friends of 212 bans".
func seen(s store.Share) string {
	return plural(s.Friendly, "friend") + " of " + plural(s.Bans, "ban")
}

// usual is "1 of 200": the same share, in the smallest numbers that tell it.
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

// inAlert is "sshd: 4 friends of 212 bans today, usually 1 of 200".
func (r rise) inAlert() string {
	when := " today"
	if r.days > 1 {
		when = fmt.Sprintf(" in %d days", r.days)
	}
	return r.now.Jail + ": " + seen(r.now) + when + ", usually " + usual(r.past)
}

// inDigest is "Stricter than usual: sshd, 4 friends of 212 bans (1.9%), usually 1 of 200 (0.5%)".
func (r rise) inDigest() string {
	when := ""
	if r.days > 1 {
		when = fmt.Sprintf(" in %d days", r.days)
	}
	s := fmt.Sprintf("Stricter than usual: %s, %s%s (%s), usually %s", r.now.Jail, seen(r.now), when,
		percent(r.now.Friendly, r.now.Bans), usual(r.past))
	if r.past.Friendly > 0 {
		s += " (" + percent(r.past.Friendly, r.past.Bans) + ")"
	}
	return s
}

// risesListed is how many jails a digest names at most.
const risesListed = 3

// stricterLines are the digest's sentences on rises, a line each.
func stricterLines(rises []rise) string {
	var b strings.Builder
	for _, r := range rises[:min(risesListed, len(rises))] {
		b.WriteString("\n" + r.inDigest())
	}
	if n := len(rises) - risesListed; n > 0 {
		b.WriteString("\n… and " + plural(n, "other jail") + ": /report strict 24h")
	}
	return b.String()
}

// judged is what is usual of a jail, and whether it is stricter now.
type judged struct {
	past     store.Share
	stricter bool
}

// judge sets each jail of a report beside its own past. A report of all time has no past.
func (r *Reporter) judge(ctx context.Context, rep *Report) error {
	if rep.Since == "all" {
		return nil
	}
	now, err := r.Store.Shares(ctx, rep.Window)
	if err != nil {
		return err
	}
	past, err := pastOf(ctx, r.Store, rep.Window.From)
	if err != nil {
		return err
	}
	rep.judged = map[string]judged{}
	for jail, share := range now {
		rep.judged[jail] = judged{past: past[jail], stricter: jail != "" && isStricter(share, past[jail], rep.Window.From)}
	}
	return nil
}

// byShare orders rows by the part of their bans that hit friends, the greatest first.
func byShare(rows []Row) []Row {
	share := func(r Row) float64 { return float64(r.Friendly) / float64(max(r.Bans, 1)) }
	return slices.SortedStableFunc(slices.Values(rows), func(a, b Row) int { return cmp.Compare(share(b), share(a)) })
}

// strictCaption names the jails by the part of their bans that hit friends.
func strictCaption(rep Report) string {
	var parts, risen []string
	for i, row := range byShare(rep.Rows) {
		if i < 5 && row.Friendly > 0 {
			parts = append(parts, fmt.Sprintf("%s %s of %s (%s)", row.Name, number(row.Friendly), number(row.Bans), percent(row.Friendly, row.Bans)))
		}
		if j := rep.judged[row.Key]; j.stricter {
			risen = append(risen, fmt.Sprintf("%s (usually %s)", row.Name, usual(j.past)))
		}
	}
	s := "\nFriends among the banned: " + cmp.Or(strings.Join(parts, ", "), "none")
	if n := len(risen) - 5; n > 0 {
		risen = append(risen[:5:5], plural(n, "other"))
	}
	if len(risen) > 0 {
		s += "\nStricter than usual: " + list(risen)
	}
	return s
}
