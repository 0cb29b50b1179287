package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// held is how many addresses are banned at some moments of a period.
type held struct {
	cut     []store.Bin // each is looked at in its last second
	unit    string      // how long a bin is
	series  map[string][]float64
	endless int64 // bans of the period of which the source does not say how long they last
}

// moments is how many moments a period is looked at, at most.
const moments = 200

// banned counts who is banned at the end of the report's period, and at moments on the way there.
//
// The rows come address by address, and within an address jail by jail: an address that is banned again while it is
// banned counts once, and nothing need be remembered but the numbers themselves.
func (r *Reporter) banned(ctx context.Context, rep *Report) error {
	kept, err := r.Store.KeptSince(ctx)
	if err != nil {
		return err
	}
	rep.Window.From = maxTime(rep.Window.From, kept) // counts do not tell how long bans lasted
	next, unit := pace(rep.Window)
	h := held{cut: bins(rep.Window, r.Words.Zone, next, ""), unit: unit, series: map[string][]float64{}}
	if n := (len(h.cut) + moments - 1) / moments; n > 1 {
		h.cut, h.unit = join(h.cut, n), fmt.Sprintf("%d %ss", n, unit)
	}
	if h.endless, err = r.Store.Endless(ctx, rep.Window); err != nil {
		return err
	}
	rows := map[string]*Row{}
	var before store.Hold // the row before
	covered := 0          // the first moment not yet known to be covered by rows of its address and jail
	last := len(h.cut) - 1
	var endAddress int64 // the last address that is banned at the end
	looked := make([]time.Time, len(h.cut))
	for i := range h.cut {
		looked[i] = h.moment(i)
	}
	for hold, err := range r.Store.Holds(ctx, looked...) {
		if err != nil {
			return err
		}
		again := hold.Address == before.Address && hold.Jail == before.Jail
		if !again {
			covered = 0
		}
		before = hold
		from, to := h.moments(hold)
		if from >= to {
			continue
		}
		if h.series[hold.Jail] == nil {
			h.series[hold.Jail] = make([]float64, len(h.cut))
			rows[hold.Jail] = &Row{Key: hold.Jail, Name: name("jail", hold.Jail)}
		}
		row := rows[hold.Jail]
		if to > last {
			row.Bans++
			if hold.Friendly {
				row.Friendly++
			}
			if covered <= last {
				row.Addresses++
			}
			if hold.Address != endAddress {
				endAddress = hold.Address
				rep.Addresses++
			}
		}
		for i := max(from, covered); i < to; i++ {
			h.series[hold.Jail][i]++
		}
		covered = max(covered, to)
	}
	for _, jail := range slices.Sorted(maps.Keys(rows)) {
		if row := rows[jail]; row.Bans > 0 {
			rep.Rows = append(rep.Rows, *row)
			rep.Total += row.Bans
			rep.Friendly += row.Friendly
		}
	}
	rep.held = &h
	return nil
}

// moment is the last second of a bin.
func (h *held) moment(i int) time.Time { return h.cut[i].To.Add(-time.Second) }

// moments are the places of the moments at which the ban is in force, the last not among them.
func (h *held) moments(b store.Hold) (from, to int) {
	from = sort.Search(len(h.cut), func(i int) bool { return !h.moment(i).Before(b.From) })
	to = len(h.cut)
	if !b.Until.IsZero() {
		to = sort.Search(len(h.cut), func(i int) bool { return !h.moment(i).Before(b.Until) })
	}
	return from, to
}

// join makes one bin of every n.
func join(bins []store.Bin, n int) (joined []store.Bin) {
	for some := range slices.Chunk(bins, n) {
		one := some[0]
		one.To = some[len(some)-1].To
		joined = append(joined, one)
	}
	return joined
}

// empty reports whether nobody is banned at any of the moments.
func (h *held) empty() bool { return h == nil || len(h.series) == 0 }

// bannedChart draws a line for each jail.
func (r *Reporter) bannedChart(rep Report) Picture {
	c := charts.TimeChart{Title: "Addresses banned at a time, by jail", Subtitle: r.Words.period(rep), Theme: r.Theme, End: rep.Window.To}
	h := rep.held
	if h == nil { // nothing was ever banned
		return c
	}
	c.Times = starts(h.cut)
	c.Subtitle += " · at the end of each " + h.unit
	if h.endless > 0 {
		c.Subtitle += " · " + endless(h.endless)
	}
	if h.empty() {
		c.Empty = "Nobody is banned in this period, as far as the source says"
	}
	for _, jail := range slices.Sorted(maps.Keys(h.series)) {
		c.Series = append(c.Series, charts.Series{Name: name("jail", jail), Values: h.series[jail]})
	}
	return c
}

func endless(n int64) string { return "not shown: " + plural(n, "ban") + " without a ban time" }

// bannedCaption says who is banned at the end of the period.
func (r *Reporter) bannedCaption(rep Report) Text {
	t := Text{{Text: plural(rep.Addresses, "address") + " banned now", Style: Bold}}
	if rep.Total == 0 {
		t[0].Text = "Nobody is banned now"
	}
	t = append(t, Run{Text: "\n" + r.Words.period(rep)})
	if rep.Total > 0 {
		var parts []string
		for _, row := range rep.Rows[:min(5, len(rep.Rows))] {
			parts = append(parts, row.Name+" "+number(row.Addresses))
		}
		t = append(t, Run{Text: "\nBy jail: " + strings.Join(parts, ", ")})
	}
	if n := rep.held.endless; n > 0 {
		t = append(t, Run{Text: "\n" + strings.ToUpper(endless(n)[:1]) + endless(n)[1:]})
	}
	if rep.Total > 0 {
		t = append(t, Run{Text: fmt.Sprintf("\nFriendly (%s): %s, %s", r.Words.friends(), plural(rep.Friendly, "ban"), percent(rep.Friendly, rep.Total))})
	}
	return t
}
