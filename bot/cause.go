package bot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// A rule that became stricter is named as what was followed by more friendly bans if both are so:
//
//   - Fail2Ban has said that maxretry is less than before, or findtime more, within 30 days, and has not said otherwise
//     since.
//   - In as many whole days before the change as since, the jail banned fewer friends on that server: friendly bans have
//     at least doubled, three different friends at least were banned, and that many or more of those of both stretches
//     would fall into the later one by chance in less than 1 case of 100, if nothing had changed. From 1 to 3 it takes
//     no rule, nor from 3 to 9; from none to 7 and from 5 to 17 it does.
//
// A jail that has no bans from before the earlier stretch is not judged, nor is a stretch whose bans have been purged.
const (
	longestStretch = 30 // days
	byChance       = 1.0 / 100
)

// cause is a rule that became stricter, with what came of it.
type cause struct {
	store.RuleChange
	days          int // of each stretch
	before, since store.Share
	named         bool // the server needs a name
}

// causes returns, by jail, the rules that became stricter before until and were followed by more friendly bans.
func causes(ctx context.Context, s *store.Store, until time.Time) (map[string]cause, error) {
	const day = 24 * time.Hour
	changes, err := s.LastChanges(ctx, store.Window{From: until.Add(-(longestStretch + 1) * day), To: until})
	changes = slices.DeleteFunc(changes, func(c store.RuleChange) bool { return !stricter(c) })
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	kept, err := s.KeptSince(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := s.Sources(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]cause{}
	for _, change := range changes {
		c := cause{RuleChange: change, days: min(int(until.Sub(change.At)/day), longestStretch), named: len(sources) > 1}
		length := time.Duration(c.days) * day
		from := change.At.Add(-length)
		if c.days < 1 || from.Before(kept) {
			continue
		}
		past, err := s.ShareOn(ctx, change.Jail, change.Source, store.Window{To: from})
		if err != nil {
			return nil, err
		}
		if c.before, err = s.ShareOn(ctx, change.Jail, change.Source, store.Window{From: from, To: change.At}); err != nil {
			return nil, err
		}
		if c.since, err = s.ShareOn(ctx, change.Jail, change.Source, store.Window{From: until.Add(-length), To: until}); err != nil {
			return nil, err
		}
		if past.Bans > 0 && c.holds() && c.better(all[change.Jail]) {
			all[change.Jail] = c
		}
	}
	return all, nil
}

// stricter reports whether a jail bans sooner since a change.
func stricter(c store.RuleChange) bool {
	switch c.Setting {
	case store.MaxRetry:
		return c.Value < c.Before
	case store.FindTime:
		return c.Value > c.Before
	case store.BanTime:
	}
	return false
}

// holds applies the rule.
func (c cause) holds() bool {
	return c.since.Friends >= leastFriends && c.since.Friendly >= 2*c.before.Friendly &&
		inLaterHalf(c.since.Friends, c.before.Friends+c.since.Friends) < byChance
}

// better reports whether this cause is rather told than another one of the jail: maxretry before findtime, and the
// server with more friendly bans before the other.
func (c cause) better(than cause) bool {
	if c.Source == than.Source && c.Setting != than.Setting {
		return c.Setting == store.MaxRetry
	}
	return c.since.Friendly > than.since.Friendly
}

// inLaterHalf is the probability that k or more of n fall into the later one of two halves.
func inLaterHalf(k, n int64) (sum float64) {
	for ; k <= n; k++ {
		sum += math.Exp(lgamma(float64(n)+1) - lgamma(float64(k)+1) - lgamma(float64(n-k)+1) - float64(n)*math.Ln2)
	}
	return sum
}

// cause is "sshd went from 5 to 3 tries on Thu 12 Nov; friendly bans tripled since: 24 in 16 days, 8 in the 16 days
// before".
func (w Words) cause(c cause) string {
	jail := c.Jail
	if c.named {
		jail += " on " + c.Source
	}
	at := c.At.In(w.zone(c.Source)).Format(msg.DayForm)
	var change string
	if c.Setting == store.MaxRetry {
		change = fmt.Sprintf("%s went from %d to %s on %s", jail, c.Before, triesOf(c.Value), at)
	} else {
		change = fmt.Sprintf("%s counts tries within %s, not %s, since %s", jail, spanOf(c.Value), spanOf(c.Before), at)
	}
	return fmt.Sprintf("%s; friendly bans%s since: %s in %s, %s in the %s before", change, c.growth(),
		number(c.since.Friendly), plural(c.days, "day"), orNone(c.before.Friendly), plural(c.days, "day"))
}

// inPicture is "sshd: maxretry 5 to 3 since Thu 12 Nov".
func (w Words) inPicture(c cause) string { return w.change(c.RuleChange, " since") }

// change is "sshd: maxretry 5 to 3, Thu 12 Nov".
func (w Words) change(c store.RuleChange, on string) string {
	value := func(n int64) string {
		switch {
		case c.Setting == store.MaxRetry:
			return number(n)
		case n < 0:
			return "for ever"
		}
		return spanOf(n)
	}
	return fmt.Sprintf("%s: %s %s to %s%s %s", c.Jail, c.Setting, value(c.Before), value(c.Value), on,
		c.At.In(w.zone(c.Source)).Format(msg.DayForm))
}

// finding is "sshd bans friends 4 times as often since 31 Mar".
func (c cause) finding() string {
	often := "more often"
	if c.before.Friendly > 0 {
		often = "twice as often"
		if times := c.since.Friendly / c.before.Friendly; times > 2 {
			often = number(times) + " times as often"
		}
	}
	return c.Jail + " bans friends " + often + " since " + c.At.Format("2 Jan")
}

// growth is by how much there are more friendly bans; "" where there were none.
func (c cause) growth() string {
	if c.before.Friendly == 0 {
		return ""
	}
	switch times := c.since.Friendly / c.before.Friendly; times {
	case 2:
		return " doubled"
	case 3:
		return " tripled"
	default:
		return fmt.Sprintf(" went up %d-fold", times)
	}
}

func triesOf(n int64) string {
	if n == 1 {
		return "1 try"
	}
	return number(n) + " tries"
}

func orNone(n int64) string {
	if n == 0 {
		return "none"
	}
	return number(n)
}

// spanOf is a setting's time in words: "10 min", "1 h", "90 s".
func spanOf(seconds int64) string {
	switch {
	case seconds%86400 == 0:
		return plural(seconds/86400, "day")
	case seconds%3600 == 0:
		return number(seconds/3600) + " h"
	case seconds%60 == 0:
		return number(seconds/60) + " min"
	}
	return number(seconds) + " s"
}

// causes are the causes in words, those with most friendly bans first, each after a line break.
func (w Words) causes(all map[string]cause) (lines string) {
	const most = 3
	sorted := slices.SortedFunc(maps.Values(all), func(a, b cause) int {
		return cmp.Or(cmp.Compare(b.since.Friendly, a.since.Friendly), cmp.Compare(a.Jail, b.Jail))
	})
	for _, c := range sorted[:min(most, len(sorted))] {
		lines += "\n" + w.cause(c)
	}
	return lines
}

// Change is a rule that became stricter, with the friendly bans of as many days before as since.
type Change struct {
	Source  string        `json:"source"`
	Setting store.Setting `json:"setting"` // maxretry, or findtime in seconds
	From    int64         `json:"from"`
	To      int64         `json:"to"`
	At      time.Time     `json:"at"`
	Days    int           `json:"days"`
	Before  int64         `json:"friendly_before"`
	Since   int64         `json:"friendly_since"`
}

func (c cause) change() *Change {
	return &Change{
		c.Source, c.Setting, c.RuleChange.Before, c.Value, c.At.UTC(), c.days, c.before.Friendly, c.since.Friendly,
	}
}
