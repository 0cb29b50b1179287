package bot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// byWeight orders settings by how much they decide who is banned.
var byWeight = map[store.Setting]int{store.MaxRetry: 1, store.FindTime: 2, store.BanTime: 3}

// friendsOverTime are the bans of friends by bin.
type friendsOverTime struct {
	overTime
	before int64 // bans of friends in the period before; -1: it is not known

	changes []store.RuleChange
	causes  map[string]cause // by jail: a change that was followed by more bans of friends
	usual   usualFriends
}

// usualFriends is how many bans of friends in a bin are usual, at most.
type usualFriends struct {
	byJail map[string]float64 // by name
	others float64            // all that share the last row of the chart
}

// byFriends counts the bans of friends by jail.
func byFriends(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	counts, err := byJail(ctx, r, rep)
	if err != nil {
		return counts, err
	}
	var f friendsOverTime
	if f.overTime, err = r.overTime(ctx, rep, ""); err != nil {
		return counts, err
	}
	f.before = -1
	before, ok, err := r.before(ctx, rep)
	if err != nil {
		return counts, err
	}
	if ok {
		past, err := r.Store.Totals(ctx, before)
		if err != nil {
			return counts, err
		}
		f.before = past.Friendly
	}
	if f.changes, err = r.Store.LastChanges(ctx, rep.Window); err != nil {
		return counts, err
	}
	if f.causes, err = causes(ctx, r.Store, rep.Window.To); err != nil {
		return counts, err
	}
	slices.SortStableFunc(f.changes, func(a, b store.RuleChange) int { // of changes at one moment the first is marked
		return cmp.Compare(byWeight[a.Setting], byWeight[b.Setting])
	})
	for jail, c := range f.causes {
		c.At = c.At.In(r.Words.zone(c.Source))
		f.causes[jail] = c
	}
	f.usual, err = r.usualFriends(ctx, rep, len(f.bins), othersOf(counts.Rows))
	rep.detail = f
	return counts, err
}

func hasFriends(rep Report) bool { return rep.Friendly > 0 }

// friendsChart draws a dot for each ban of a friend, by jail.
func friendsChart(r *Reporter, rep Report) Picture {
	f := detail[friendsOverTime](rep)
	rep.Before = -1 // of all bans
	before := ""
	if f.before >= 0 {
		before = compared(rep.Friendly, f.before, rep.Since)
	}
	count := ""
	if f.cause() != nil {
		count = plural(rep.Friendly, "ban") + " of friends"
	}
	c := charts.DotChart{
		Head: r.head(rep, count, f.stacks(), before), Theme: r.Theme, Times: starts(f.bins), End: rep.Window.To, Dots: f.dots(),
		Usual: f.usual.byJail, UsualOthers: f.usual.others, Empty: "No friend was banned in this period",
	}
	for _, change := range f.changes {
		c.Marks = append(c.Marks, charts.Mark{At: change.At, Name: jailName(change.Jail), Label: r.Words.change(change, ",")})
	}
	return c
}

// othersOf are the jails whose bans of friends share the last row of the chart.
func othersOf(rows []store.Count) map[string]bool {
	rows = slices.DeleteFunc(slices.Clone(rows), func(row store.Count) bool { return row.Friendly == 0 })
	others := map[string]bool{}
	if len(rows) <= charts.DotRows {
		return others
	}
	slices.SortFunc(rows, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(b.Friendly, a.Friendly), cmp.Compare(jailName(a.Key), jailName(b.Key)))
	})
	for _, row := range rows[charts.DotRows-1:] {
		others[row.Key] = true
	}
	return others
}

// usualFriends finds what is usual for each jail, and for others together: by the three periods before, as far as the
// database reaches back, if that is a period at least. Nine of ten bins have as many or fewer.
func (r *Reporter) usualFriends(
	ctx context.Context, rep *Report, binsNow int, others map[string]bool,
) (usual usualFriends, err error) {
	past, err := r.binsBefore(ctx, rep)
	if err != nil || len(past) < max(binsNow-2, leastUsualBins) {
		return usual, err
	}
	cells, err := r.Store.JailsByBin(ctx, past)
	hit, together := map[string][]int64{}, map[string]int64{}
	for _, cell := range cells {
		if cell.Friendly > 0 {
			hit[cell.Jail] = append(hit[cell.Jail], cell.Friendly)
		}
		if others[cell.Jail] {
			together[cell.Bin] += cell.Friendly
		}
	}
	high := func(some []int64) float64 {
		return float64(middleOf(append(make([]int64, len(past)-len(some)), some...)).high) // and bins without
	}
	usual.byJail = map[string]float64{}
	for jail, some := range hit {
		usual.byJail[jailName(jail)] = high(some)
	}
	usual.others = high(slices.Collect(maps.Values(together)))
	return usual, err
}

// cause is the change of a rule that most bans of friends followed; nil for none.
func (f friendsOverTime) cause() (most *cause) {
	for _, c := range f.causes {
		if most == nil || c.since.Friendly > most.since.Friendly {
			most = &c
		}
	}
	return most
}

// stacks is how long the dots of one stack cover.
func (o overTime) stacks() string { return strings.Replace(o.columns(), "column", "stack", 1) }

// findFriends is how many bans hit friends, and which jail's.
func findFriends(rep Report) finding {
	if c := detail[friendsOverTime](rep).cause(); c != nil {
		return finding{sentence: c.finding()}
	}
	friends := plural(rep.Friendly, "ban") + " hit friends"
	f := finding{friends + inPeriod(rep.Since), friends}
	most, tie, jails := Row{}, false, 0
	for _, row := range rep.Rows {
		if row.Friendly > 0 {
			jails++
		}
		if row.Friendly > most.Friendly {
			most, tie = row, false
		} else if row.Friendly == most.Friendly {
			tie = true
		}
	}
	switch {
	case jails == 1:
		f.sentence += ", by " + most.Name
	case !tie && rep.Friendly > 1:
		f.sentence += fmt.Sprintf(", %s of them by %s", number(most.Friendly), most.Name)
	}
	return f
}
