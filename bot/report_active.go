package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/store"
)

// activeBans is how many addresses are banned at some moments of a period.
type activeBans struct {
	cut     []store.Bin
	looked  []time.Time // the last second of each
	unit    string      // how long a bin is
	series  map[string][]float64
	endless int64 // bans of the period of which the source does not say how long they last
}

// moments is how many moments a period is looked at, at most.
const moments = 200

// line is what is counted of a jail.
type line struct {
	row     Row
	values  []float64     // addresses, at each moment
	covered map[int64]int // the first moment at which an address is not yet known to be banned
}

// banned counts who is banned at the end of the report's period, and at moments on the way there. An address that is
// banned again while it is banned counts once.
func (r *Reporter) banned(ctx context.Context, rep *Report) error {
	kept, err := r.Store.KeptSince(ctx)
	if err != nil {
		return err
	}
	rep.Window.From = maxTime(rep.Window.From, kept) // counts do not tell how long bans lasted
	next, unit := pace(rep.Window)
	h := activeBans{cut: bins(rep.Window, r.Words.Zone, next, ""), unit: unit, series: map[string][]float64{}}
	if n := (len(h.cut) + moments - 1) / moments; n > 1 {
		h.cut, h.unit = join(h.cut, n), fmt.Sprintf("%d %ss", n, unit)
	}
	if h.endless, err = r.Store.Endless(ctx, rep.Window); err != nil {
		return err
	}
	for _, bin := range h.cut {
		h.looked = append(h.looked, bin.To.Add(-time.Second))
	}
	lines, last, atEnd := map[string]*line{}, len(h.cut)-1, map[int64]bool{}
	err = r.Store.ActiveBans(ctx, h.looked, func(hold store.ActiveBan) {
		l := lines[hold.Jail]
		if l == nil {
			l = &line{Row{Key: hold.Jail, Name: name("jail", hold.Jail)}, make([]float64, len(h.cut)), map[int64]int{}}
			lines[hold.Jail] = l
		}
		from, to := h.moments(hold)
		covered := l.covered[hold.Address]
		if to > last {
			l.row.Bans++
			if hold.Friendly {
				l.row.Friendly++
			}
			if covered <= last {
				l.row.Addresses++
			}
			atEnd[hold.Address] = true
		}
		for i := max(from, covered); i < to; i++ {
			l.values[i]++
		}
		l.covered[hold.Address] = max(covered, to) // bans come in order of time
	})
	if err != nil {
		return err
	}
	for _, jail := range slices.Sorted(maps.Keys(lines)) {
		l := lines[jail]
		h.series[jail] = l.values
		if l.row.Bans > 0 {
			rep.Rows = append(rep.Rows, l.row)
			rep.Total += l.row.Bans
			rep.Friendly += l.row.Friendly
		}
	}
	rep.Addresses = int64(len(atEnd))
	rep.active = &h
	return nil
}

// moments are the places of the moments at which the ban is in force, the last not among them.
func (h *activeBans) moments(b store.ActiveBan) (from, to int) {
	from, _ = slices.BinarySearchFunc(h.looked, b.From, time.Time.Compare)
	to = len(h.looked)
	if !b.Until.IsZero() {
		to, _ = slices.BinarySearchFunc(h.looked, b.Until, time.Time.Compare)
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
func (h *activeBans) empty() bool { return h == nil || len(h.series) == 0 }

// bannedChart draws a line for each jail.
func (r *Reporter) bannedChart(rep Report) Picture {
	c := charts.TimeChart{Title: "Addresses banned at a time, by jail", Subtitle: r.Words.period(rep), Theme: r.Theme, End: rep.Window.To}
	h := rep.active
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
func (r *Reporter) bannedCaption(rep Report) msg.Text {
	t := msg.Text{{Text: plural(rep.Addresses, "address") + " banned now", Style: msg.Bold}}
	if rep.Total == 0 {
		t[0].Text = "Nobody is banned now"
	}
	t = append(t, msg.Run{Text: "\n" + r.Words.period(rep)})
	if rep.Total > 0 {
		var parts []string
		for _, row := range rep.Rows[:min(5, len(rep.Rows))] {
			parts = append(parts, row.Name+" "+number(row.Addresses))
		}
		t = append(t, msg.Run{Text: "\nBy jail: " + strings.Join(parts, ", ")})
	}
	if n := rep.active.endless; n > 0 {
		t = append(t, msg.Run{Text: "\n" + strings.ToUpper(endless(n)[:1]) + endless(n)[1:]})
	}
	if rep.Total > 0 {
		t = append(t, msg.Run{Text: fmt.Sprintf("\nFriendly (%s): %s, %s", r.Words.friends(), plural(rep.Friendly, "ban"), percent(rep.Friendly, rep.Total))})
	}
	return t
}
