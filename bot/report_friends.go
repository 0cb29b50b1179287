package bot

import (
	"context"
	"fmt"
	"strings"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// friendsOverTime are the bans of friends by bin.
type friendsOverTime struct {
	overTime
	before int64 // bans of friends in the period before; -1: it is not known
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
	rep.detail = f
	return counts, nil
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
	head := r.head(rep, f.stacks(), before)
	return charts.DotChart{
		Head: head, Theme: r.Theme, Times: starts(f.bins), End: rep.Window.To, Dots: f.dots(),
		Empty: "No friend was banned in this period",
	}
}

// stacks is how long the dots of one stack cover.
func (o overTime) stacks() string { return strings.Replace(o.columns(), "column", "stack", 1) }

// findFriends is how many bans hit friends, and which jail's.
func findFriends(rep Report) finding {
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
