package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// activeBans is how many addresses are banned at some moments of a period.
type activeBans struct {
	bins    []store.Bin
	moments []time.Time          // the last second of each bin
	unit    string               // how long a bin is
	series  map[string][]float64 // by jail
	endless int64                // bans of the period of which nobody knows whether they are over
}

// mostMoments is how many moments a period is looked at, at most.
const mostMoments = 200

// activeInJail is what is counted for one jail.
type activeInJail struct {
	atEnd   store.Count
	values  []float64     // addresses, at each moment
	covered map[int64]int // the first moment at which an address is not yet known to be banned
}

// bannedByJail counts who is banned at the end of the report's period, and for the chart at moments within it. An
// address that is banned again while it is banned counts once.
func bannedByJail(ctx context.Context, r *Reporter, rep *Report) (counts store.Counts, err error) {
	kept, err := r.Store.KeptSince(ctx)
	if err != nil {
		return counts, err
	}
	rep.Window.From = maxTime(rep.Window.From, kept) // of purged bans it is not known how long they lasted
	next, unit := pace(rep.Window)
	a := &activeBans{bins: bins(rep.Window, r.Words.Zone, next, ""), unit: unit, series: map[string][]float64{}}
	if n := (len(a.bins) + mostMoments - 1) / mostMoments; n > 1 {
		a.bins, a.unit = join(a.bins, n), fmt.Sprintf("%d %ss", n, unit)
	}
	for _, bin := range a.bins {
		a.moments = append(a.moments, bin.To.Add(-time.Second))
	}
	if a.endless, err = r.Store.Endless(ctx, rep.Window); err != nil {
		return counts, err
	}
	jails, last, atEnd := map[string]*activeInJail{}, len(a.moments)-1, map[int64]bool{}
	err = r.Store.ActiveBans(ctx, a.moments, func(ban store.ActiveBan) {
		jail := jails[ban.Jail]
		if jail == nil {
			jail = &activeInJail{store.Count{Key: ban.Jail}, make([]float64, len(a.moments)), map[int64]int{}}
			jails[ban.Jail] = jail
		}
		from, to := a.during(ban)
		covered := jail.covered[ban.Address]
		if to > last {
			jail.atEnd.Bans++
			if ban.Friendly {
				jail.atEnd.Friendly++
			}
			if covered <= last {
				jail.atEnd.Addresses++
			}
			atEnd[ban.Address] = true
		}
		for i := max(from, covered); i < to; i++ {
			jail.values[i]++
		}
		jail.covered[ban.Address] = max(covered, to) // bans come in order of time
	})
	for _, name := range slices.Sorted(maps.Keys(jails)) {
		jail := jails[name]
		a.series[name] = jail.values
		if jail.atEnd.Bans > 0 {
			counts.Rows = append(counts.Rows, jail.atEnd)
			counts.Total.Bans += jail.atEnd.Bans
			counts.Total.Friendly += jail.atEnd.Friendly
		}
	}
	counts.Total.Addresses = int64(len(atEnd))
	rep.detail, rep.drawable = a, len(a.series) > 0
	return counts, err
}

// during returns the first moment at which the ban is in force, and the first after it.
func (a *activeBans) during(b store.ActiveBan) (from, to int) {
	from, _ = slices.BinarySearchFunc(a.moments, b.From, time.Time.Compare)
	to = len(a.moments)
	if !b.Until.IsZero() {
		to, _ = slices.BinarySearchFunc(a.moments, b.Until, time.Time.Compare)
	}
	return from, to
}

// unknown reports whether it cannot be known who is banned: nobody is, as far as is known, and there are bans of which
// nobody knows whether they are over.
func (a *activeBans) unknown(rep Report) bool { return a != nil && rep.Total == 0 && a.endless > 0 }

// withoutEnd is "3 bans without a ban time", which neither chart nor numbers show.
func (a *activeBans) withoutEnd() string { return plural(a.endless, "ban") + " without a ban time" }

// bannedChart draws a line for each jail.
func bannedChart(r *Reporter, rep Report) Picture {
	c := charts.TimeChart{
		Title: "Addresses banned at a time, by jail", Subtitle: r.Words.period(rep.Since, rep.Window), Theme: r.Theme,
		End: rep.Window.To,
	}
	a := detail[*activeBans](rep)
	if a == nil {
		return c
	}
	c.Times = starts(a.bins)
	c.Subtitle += " · at the end of each " + a.unit
	if a.endless > 0 {
		c.Subtitle += " · not shown: " + a.withoutEnd()
	}
	switch {
	case len(a.series) > 0:
	case a.endless > 0:
		c.Empty = "Unknown: the source does not say when bans end"
	default:
		c.Empty = "Nobody is banned in this period, as far as the source says"
	}
	for _, jail := range slices.Sorted(maps.Keys(a.series)) {
		c.Series = append(c.Series, charts.Series{Name: jailName(jail), Values: a.series[jail]})
	}
	return c
}

// bannedMost names the jails that ban most at the end of the period.
func bannedMost(rep Report) (s string) {
	if rep.Total > 0 {
		s = "\nBy jail: " + first(rep.Rows, 5, func(row Row) string { return row.Name + " " + number(row.Addresses) })
	}
	if a := detail[*activeBans](rep); a.endless > 0 {
		s += "\nNot shown: " + a.withoutEnd()
	}
	return s
}
