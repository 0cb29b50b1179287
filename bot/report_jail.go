package bot

import (
	"cmp"
	"context"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// overTime are a report's bans by jail and bin of time.
type overTime struct {
	bins  []store.Bin
	unit  string // how long a bin is
	cells []store.Cell
	slots map[string]int // the colours of jails
	looks friendLooks
	usual usually // bans in a bin
}

func byJail(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	return r.Store.ByJail(ctx, rep.scope(), r.Tables)
}

// byJailAndTime counts by jail, and for the chart by jail and bin.
func byJailAndTime(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	counts, err := byJail(ctx, r, rep)
	if err != nil {
		return counts, err
	}
	o, err := r.overTime(ctx, rep, "")
	if err == nil {
		o.usual, err = r.usualBans(ctx, rep, len(o.bins))
	}
	rep.detail = o
	return counts, err
}

// mostDays is how many days are columns that a phone can show.
const mostDays = 200

// overTime counts by jail and bin. The bins are so long that a phone can show each, or unit if there are not too many.
func (r *Reporter) overTime(ctx context.Context, rep *Report, unit string) (o overTime, err error) {
	next, suited := columnPace(rep.Window)
	if o.unit = suited; unit == "day" && rep.Window.To.Sub(rep.Window.From) <= mostDays*24*time.Hour {
		next, o.unit = day, unit
	}
	o.bins = bins(rep.Window, r.Words.Zone, next, time.RFC3339)
	if o.cells, err = r.Store.JailsByBin(ctx, o.bins); err != nil {
		return o, err
	}
	if o.looks, err = r.friendLooks(ctx, rep, o.bins); err != nil {
		return o, err
	}
	o.slots, err = r.slots(ctx, rep.Window.To)
	return o, err
}

// columnPace is the bin that suits columns: one that makes up to sixty.
func columnPace(w store.Window) (step, string) {
	switch length := w.To.Sub(w.From); {
	case length <= 36*time.Hour:
		return hour, "hour"
	case length <= 8*24*time.Hour:
		return sixHours, "6 hours"
	case length <= 62*24*time.Hour:
		return day, "day"
	case length <= 400*24*time.Hour:
		return week, "week"
	case length <= 6*366*24*time.Hour:
		return month, "month"
	}
	return year, "year"
}

// sixHours steps to the next of 0:00, 6:00, 12:00 and 18:00 on the clock.
func sixHours(t time.Time) time.Time {
	for t = hour(t); t.Hour()%6 != 0; t = hour(t) {
	}
	return t
}

func month(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, t.Location())
}

func year(t time.Time) time.Time { return time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, t.Location()) }

// whole is how long a bin is that is whole, at least.
func (o overTime) whole() time.Duration {
	const day = 24 * time.Hour
	return map[string]time.Duration{
		"hour": time.Hour, "6 hours": 6 * time.Hour, "day": day, "week": 7 * day, "month": 28 * day, "year": 365 * day,
	}[o.unit]
}

// index returns the bin of each key.
func (o overTime) index() map[string]int {
	at := make(map[string]int, len(o.bins))
	for i, bin := range o.bins {
		at[bin.Key] = i
	}
	return at
}

// mostDots is how many dots there are at most: more could not be told apart.
const mostDots = 5000

// dots are the bans of friends, each in the middle of its bin.
func (o overTime) dots() (dots []charts.Dot) {
	at := o.index()
	for _, cell := range o.cells {
		bin := o.bins[at[cell.Bin]]
		for _, look := range o.looks.of(cell.Bin, cell.Friendly, cell.Jail) {
			if len(dots) == mostDots {
				return dots
			}
			middle := bin.From.Add(bin.To.Sub(bin.From) / 2)
			dots = append(dots, charts.Dot{At: middle, Name: jailName(cell.Jail), Look: look})
		}
	}
	return dots
}

// columns is how long a column is: "6 hours per column".
func (o overTime) columns() string {
	switch o.unit {
	case "":
		return ""
	case "6 hours":
		return o.unit + " per column"
	}
	return "1 " + o.unit + " per column"
}

// reading is what helps to read columns: how long each is, or of days, which anybody knows, that those that are striped
// are incomplete.
func (o overTime) reading() string {
	if o.unit == "day" && len(o.bins) > 0 {
		for _, bin := range []store.Bin{o.bins[0], o.bins[len(o.bins)-1]} {
			if bin.To.Sub(bin.From) < o.whole()*9/10 {
				return "striped: incomplete"
			}
		}
	}
	return o.columns()
}

func jailName(key string) string { return cmp.Or(key, "no jail given") }

// jailChart stacks the bans of the jails over time.
func jailChart(r *Reporter, rep Report) Picture {
	o := detail[overTime](rep)
	if o.usual.known {
		rep.Before = -1 // what is usual says more
	}
	c := charts.TimeChart{
		Head: r.head(rep, o.reading(), o.usually()), Theme: r.Theme, Times: starts(o.bins), End: rep.Window.To, Dots: o.dots(),
		Whole: o.whole(),
	}
	at, series := o.index(), map[string][]float64{}
	for _, row := range rep.Rows { // in the order of the table: most bans first
		series[row.Key] = make([]float64, len(o.bins))
		c.Series = append(c.Series, charts.Series{Name: row.Name, Values: series[row.Key], Slot: o.slots[row.Key]})
	}
	for _, cell := range o.cells {
		if s, ok := series[cell.Jail]; ok { // a jail may have come up since the rows were counted
			s[at[cell.Bin]] = float64(cell.Bans)
		}
	}
	return c
}
