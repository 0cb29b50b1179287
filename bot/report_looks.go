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

// friendLooks judges the bans of friends of the report's period, in bins in order of time.
func (r *Reporter) friendLooks(ctx context.Context, rep *Report, bins []store.Bin) (friendLooks, error) {
	bans, err := r.Store.FriendlyMatches(ctx, rep.Window, friendsJudged, bansOfFriends)
	looks := friendLooks{}
	for i, look := range looksOf(bans, evidence.Read) {
		at, found := slices.BinarySearchFunc(bins, bans[i].Time, func(b store.Bin, t time.Time) int { return b.From.Compare(t) })
		if !found {
			at--
		}
		if at < 0 {
			continue
		}
		key := bins[at].Key
		if looks[key] == nil {
			looks[key] = map[string][]charts.Look{}
		}
		looks[key][bans[i].Jail] = append(looks[key][bans[i].Jail], look)
	}
	return looks, err
}

// looksOf judges each of the bans, which come newest first and all have log lines, by other bans of its address. Lines
// are read once.
func looksOf(bans []store.EnrichedBan, read func(matches string) evidence.Evidence) []charts.Look {
	known := map[string]evidence.Evidence{}
	reader := func(matches string) evidence.Evidence {
		e, ok := known[matches]
		if !ok {
			e = read(matches)
			known[matches] = e
		}
		return e
	}
	byAddress, nth := map[string][]store.Ban{}, make([]int, len(bans))
	for i, b := range bans {
		nth[i] = len(byAddress[b.Address])
		byAddress[b.Address] = append(byAddress[b.Address], b.Ban)
	}
	looks := make([]charts.Look, len(bans))
	for i, b := range bans {
		all := byAddress[b.Address]
		around := all[max(0, nth[i]-bansJudged/2):min(len(all), nth[i]+bansJudged/2)]
		k := background{network: evidence.NetworkOf(b.Holder), read: reader}
		looks[i] = map[evidence.Who]charts.Look{
			evidence.Person: charts.Person, evidence.Unclear: charts.Unclear, evidence.Attacker: charts.Attacker,
		}[judged(b.Ban, around, k).Who]
	}
	return looks
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
