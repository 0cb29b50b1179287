package bot

import (
	"context"
	"slices"
	"time"

	"friendlyfire/charts"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// friendLooks are what bans of friends look like, by bin and jail, as far as there are log lines.
type friendLooks map[string]map[string][]charts.Look

// friendLooks judges the bans of friends of the report's period, in bins in order of time. A ban of which nothing is
// known looks like nobody.
func (r *Reporter) friendLooks(ctx context.Context, rep *Report, bins []store.Bin) (friendLooks, error) {
	bans, verdicts, err := r.judge().friends(ctx, rep.Window, nil)
	return looksOf(bans, verdicts, bins), err
}

func looksOf(bans []store.EnrichedBan, verdicts []evidence.Verdict, bins []store.Bin) friendLooks {
	looks := friendLooks{}
	for i, v := range verdicts {
		at, found := slices.BinarySearchFunc(bins, bans[i].Time, func(b store.Bin, t time.Time) int { return b.From.Compare(t) })
		if !found {
			at--
		}
		if at < 0 || !tells(bans[i].Ban, v) {
			continue
		}
		key := bins[at].Key
		if looks[key] == nil {
			looks[key] = map[string][]charts.Look{}
		}
		looks[key][bans[i].Jail] = append(looks[key][bans[i].Jail], lookOf(v))
	}
	return looks
}

// lookOf is how a verdict is drawn.
func lookOf(v evidence.Verdict) charts.Look {
	return map[evidence.Who]charts.Look{
		evidence.Person: charts.Person, evidence.Unclear: charts.Unclear, evidence.Attacker: charts.Attacker,
	}[v.Who]
}

// of are the looks of n bans of friends, by a jail or, without one, by all. Where some bans are judged, one of which
// nothing is known is unclear.
func (l friendLooks) of(bin string, n int64, jail ...string) []charts.Look {
	looks := make([]charts.Look, min(n, mostDots))
	if len(l) == 0 {
		return looks
	}
	known := 0
	for name, some := range l[bin] {
		if len(jail) == 0 || slices.Contains(jail, name) {
			known += copy(looks[known:], some)
		}
	}
	for i := known; i < len(looks); i++ {
		looks[i] = charts.Unclear
	}
	slices.Sort(looks)
	return looks
}
