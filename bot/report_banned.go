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

// activeBans is how many addresses are banned in a period.
type activeBans struct {
	bins    []store.Bin
	unit    string // how long a bin is
	sampled bool   // short bans were looked at as bins end, and not otherwise
	jails   map[string]*level
	friends *level
	endless int64          // bans of the period of which nobody knows whether they are over
	slots   map[string]int // the colours of jails
}

// mostBins is how many bins a period is cut into, at most.
const mostBins = 200

// readWhole is how long a period may be so that each of its bans is read. Of longer ones, bans of up to four hours are
// read only where a bin ends.
const readWhole = 62 * 24 * time.Hour

// activeInJail is what is counted for one jail.
type activeInJail struct {
	atEnd store.Count
	level *level
}

// bannedByJail counts who is banned at the end of the report's period, and for the chart the most at a time in each
// bin. An address that is banned again while it is banned counts once.
func bannedByJail(ctx context.Context, r *Reporter, rep *Report) (counts store.Counts, err error) {
	kept, err := r.Store.KeptSince(ctx)
	if err != nil {
		return counts, err
	}
	rep.Window.From = maxTime(rep.Window.From, kept) // of purged bans it is not known how long they lasted
	next, unit := pace(rep.Window)
	a := &activeBans{bins: bins(rep.Window, r.Words.Zone, next, ""), unit: unit, jails: map[string]*level{}}
	if n := (len(a.bins) + mostBins - 1) / mostBins; n > 1 {
		a.bins, a.unit = join(a.bins, n), fmt.Sprintf("%d %ss", n, unit)
	}
	a.sampled = rep.Window.To.Sub(rep.Window.From) > readWhole
	if a.endless, err = r.Store.Endless(ctx, rep.Window); err != nil {
		return counts, err
	}
	if a.slots, err = r.slots(ctx, rep.Window.To); err != nil {
		return counts, err
	}
	last := rep.Window.To.Add(-time.Second)
	jails, all, friends := map[string]*activeInJail{}, newLevel(a.bins), newLevel(a.bins)
	err = a.read(ctx, r.Store, rep.Window, func(ban store.ActiveBan) {
		jail := jails[ban.Jail]
		if jail == nil {
			jail = &activeInJail{store.Count{Key: ban.Jail}, newLevel(a.bins)}
			jails[ban.Jail] = jail
		}
		jail.level.add(ban)
		all.add(ban)
		if ban.Friendly {
			friends.add(ban)
		}
		if ban.Until.IsZero() || ban.Until.After(last) {
			jail.atEnd.Bans++
			if ban.Friendly {
				jail.atEnd.Friendly++
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(jails)) {
		jail := jails[name]
		a.jails[name] = jail.level
		jail.level.finish()
		if jail.atEnd.Bans > 0 {
			jail.atEnd.Addresses = jail.level.now
			counts.Rows = append(counts.Rows, jail.atEnd)
			counts.Total.Bans += jail.atEnd.Bans
			counts.Total.Friendly += jail.atEnd.Friendly
		}
	}
	a.friends = friends
	friends.finish()
	all.finish()
	counts.Total.Addresses = all.now
	rep.detail = a
	return counts, err
}

func hasBanned(rep Report) bool {
	a := detail[*activeBans](rep)
	return a != nil && len(a.jails) > 0
}

// read yields the bans of the window in order of time.
func (a *activeBans) read(ctx context.Context, s *store.Store, w store.Window, yield func(store.ActiveBan)) error {
	if !a.sampled {
		return s.BansDuring(ctx, w, yield)
	}
	moments := make([]time.Time, len(a.bins))
	for i, bin := range a.bins {
		moments[i] = bin.To.Add(-time.Second)
	}
	return s.ActiveBans(ctx, moments, yield)
}

// unknown reports whether it cannot be known who is banned: nobody is, as far as is known, and there are bans of which
// nobody knows whether they are over.
func (a *activeBans) unknown(rep Report) bool { return a != nil && rep.Total == 0 && a.endless > 0 }

// withoutEnd is "3 bans without a ban time", which neither chart nor numbers show.
func (a *activeBans) withoutEnd() string { return plural(a.endless, "ban") + " without a ban time" }

// bannedChart draws a row of steps for each jail, and one for friends.
func bannedChart(r *Reporter, rep Report) Picture {
	c := charts.LevelChart{Head: r.head(rep), Theme: r.Theme, End: rep.Window.To}
	a := detail[*activeBans](rep)
	if a == nil {
		return c
	}
	c.Times = starts(a.bins)
	steps := "the peak of each " + a.unit
	if a.sampled {
		steps += ", short bans at its end"
	}
	if a.endless > 0 {
		steps += " · not shown: " + a.withoutEnd()
	}
	c.Head = r.head(rep, steps)
	switch {
	case len(a.jails) > 0:
	case a.endless > 0:
		c.Empty = "Unknown: the source does not say when bans end"
	default:
		c.Empty = "Nobody is banned in this period, as far as the source says"
	}
	row := func(name string, l *level) charts.Series {
		return charts.Series{Name: name, Values: l.most, Now: float64(l.now)}
	}
	friends := row("friends", a.friends)
	friends.Friends = true
	c.Series = append(c.Series, friends)
	for _, jail := range slices.Sorted(maps.Keys(a.jails)) {
		one := row(jailName(jail), a.jails[jail])
		one.Slot = a.slots[jail]
		c.Series = append(c.Series, one)
	}
	return c
}

// findBanned is how many addresses are banned now, and how many of them are friends.
func findBanned(rep Report) finding {
	s := bannedNow(rep)
	a := detail[*activeBans](rep)
	if a == nil || a.friends.now == 0 {
		return finding{sentence: s}
	}
	friends := number(a.friends.now) + " of friends"
	return finding{s + ", " + friends, friends}
}

// bannedNow is how many addresses are banned at the end of the period.
func bannedNow(rep Report) string {
	switch {
	case detail[*activeBans](rep).unknown(rep):
		return "Who is banned now is unknown"
	case rep.Total == 0:
		return "Nobody is banned now"
	}
	return plural(rep.Addresses, "address") + " banned now"
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
