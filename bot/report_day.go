package bot

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/store"
)

func byDay(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	counts, err := r.Store.ByBin(ctx, bins(rep.Window, r.Words.Zone, day, time.DateOnly), r.Tables)
	if err != nil {
		return counts, err
	}
	rep.detail, err = r.overTime(ctx, rep, "day")
	return counts, err
}

func dayName(key string) string {
	t, err := time.Parse(time.DateOnly, key)
	if err != nil {
		return key
	}
	return t.Format(msg.DayForm + " 2006")
}

// dayChart stacks the bans of friends on all others, day by day.
func dayChart(r *Reporter, rep Report) Picture {
	o := detail[overTime](rep)
	at := o.index()
	friends := charts.Series{Friends: true, Name: "friends", Values: make([]float64, len(o.bins))}
	others := charts.Series{Rest: true, Name: "others", Values: make([]float64, len(o.bins))}
	for _, cell := range o.cells {
		others.Values[at[cell.Bin]] += float64(cell.Bans - cell.Friendly)
		friends.Values[at[cell.Bin]] += float64(cell.Friendly)
	}
	c := charts.TimeChart{
		Head: r.head(rep, o.reading()), Theme: r.Theme, Times: starts(o.bins), End: rep.Window.To,
		Whole: o.whole(), Series: []charts.Series{others}, Dots: o.dots(),
	}
	if rep.Friendly > 0 {
		c.Series = append(c.Series, friends)
	}
	return c
}

// findDay is the busiest day, and how many bans hit friends.
func findDay(rep Report) finding {
	if len(rep.Rows) < 2 {
		return rep.hits(plural(rep.Total, "ban") + inPeriod(rep.Since))
	}
	most := 0
	for most < len(rep.Rows) && rep.Rows[most].Bans == rep.Rows[0].Bans {
		most++
	}
	f := rep.hits(plural(rep.Total, "ban"))
	if most > 2 {
		f.sentence += fmt.Sprintf("; at most %s a day", number(rep.Rows[0].Bans))
		return f
	}
	names := make([]string, most)
	for i, row := range rep.Rows[:most] {
		t, err := time.Parse(time.DateOnly, row.Key)
		if names[i] = row.Name; err == nil {
			names[i] = t.Format(msg.DayForm)
		}
	}
	f.sentence += fmt.Sprintf("; most on %s, %s", list(names), number(rep.Rows[0].Bans))
	return f
}
