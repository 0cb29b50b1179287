package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// hourCounts are the bans of each hour of the report's period.
type hourCounts struct {
	bins   []store.Bin
	counts map[string]store.Count
	looks  friendLooks
}

const hourKey = time.RFC3339

// byHour counts by hour of the day, and for the chart hour by hour.
func byHour(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	h := hourCounts{bins: bins(rep.Window, r.Words.Zone, hour, hourKey), counts: map[string]store.Count{}}
	counts, err := r.Store.ByBin(ctx, h.bins, false)
	if err != nil {
		return store.Counts{}, err
	}
	at := make(map[string]int, len(h.bins))
	for _, bin := range h.bins {
		at[bin.Key] = bin.From.Hour()
	}
	ofDay := make([]store.Count, 24)
	for _, n := range counts.Rows {
		h.counts[n.Key] = n
		ofDay[at[n.Key]].Bans += n.Bans
		ofDay[at[n.Key]].Friendly += n.Friendly
	}
	if h.looks, err = r.friendLooks(ctx, rep, h.bins); err != nil {
		return counts, err
	}
	rep.detail = h
	if r.Tables {
		return r.Store.ByBin(ctx, bins(rep.Window, r.Words.Zone, hour, "15"), true)
	}
	counts.Rows = nil
	for h, n := range ofDay {
		if n.Bans > 0 {
			n.Key = fmt.Sprintf("%02d", h)
			counts.Rows = append(counts.Rows, n)
		}
	}
	return counts, nil
}

func hourName(key string) string { return strings.TrimPrefix(key, "0") + ":00" }

// whole reports whether the period has all of the hour.
func whole(bin store.Bin) bool { return bin.To.Sub(bin.From) >= time.Hour }

// hourChart is a row of hours for one day, a row for each day of a week, and else one for each day of the week.
func hourChart(r *Reporter, rep Report) Picture {
	h := detail[hourCounts](rep)
	switch length := rep.Window.To.Sub(rep.Window.From); {
	case length <= 26*time.Hour:
		return h.strip(r, rep)
	case length <= 8*24*time.Hour && h.days() <= 8:
		return h.week(r, rep)
	}
	return h.means(r, rep)
}

// days is on how many days of the calendar the period is.
func (h hourCounts) days() int {
	seen := map[string]bool{}
	for _, bin := range h.bins {
		seen[bin.From.Format(time.DateOnly)] = true
	}
	return len(seen)
}

func (h hourCounts) strip(r *Reporter, rep Report) Picture {
	c := charts.HourStrip{Head: r.head(rep), Theme: r.Theme, FriendsRow: plural(rep.Friendly, "ban") + " of friends"}
	for _, bin := range h.bins {
		n := h.counts[bin.Key]
		c.Times = append(c.Times, bin.From)
		c.Cells = append(c.Cells, charts.Cell{
			Value: float64(n.Bans), Shown: true, Unfinished: !whole(bin), Dots: h.looks.of(bin.Key, n.Friendly),
		})
	}
	return c
}

// week has a row for each day, from the first to the last.
func (h hourCounts) week(r *Reporter, rep Report) Picture {
	c := charts.HeatMap{Head: r.head(rep, friendsOf(rep)), Theme: r.Theme}
	var totals []int64
	for _, bin := range h.bins {
		name := bin.From.Format("Mon 2")
		if n := len(c.Rows); n == 0 || c.Rows[n-1].Name != name {
			c.Rows, totals = append(c.Rows, charts.HeatRow{Name: name}), append(totals, 0)
		}
		last, n := len(c.Rows)-1, h.counts[bin.Key]
		cell := &c.Rows[last].Cells[bin.From.Hour()] // an hour that comes twice is one cell
		cell.Value += float64(n.Bans)
		cell.Shown, cell.Unfinished = true, !whole(bin)
		cell.Dots = append(cell.Dots, h.looks.of(bin.Key, n.Friendly)...)
		totals[last] += n.Bans
	}
	for i := range c.Rows {
		c.Rows[i].Total = number(totals[i])
	}
	return c
}

func friendsOf(rep Report) string {
	if rep.Friendly == 0 {
		return "none of friends"
	}
	return number(rep.Friendly) + " of friends"
}

// meanHour is an hour of the week.
type meanHour struct {
	bans  int64
	looks []charts.Look // of bans of friends
	hours float64       // of the period
}

func (m meanHour) mean() float64 { return float64(m.bans) / max(m.hours, 1) }

// ofWeek adds up the hours of the week.
func (h hourCounts) ofWeek() (all [7][24]meanHour) {
	for _, bin := range h.bins {
		m := &all[bin.From.Weekday()][bin.From.Hour()]
		n := h.counts[bin.Key]
		m.bans, m.hours = m.bans+n.Bans, m.hours+bin.To.Sub(bin.From).Hours()
		m.looks = append(m.looks, h.looks.of(bin.Key, n.Friendly)...)
	}
	for d := range all {
		for h := range all[d] {
			slices.Sort(all[d][h].looks)
		}
	}
	return all
}

// weekdays are in the order in which they are shown.
var weekdays = []time.Weekday{
	time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
}

// means has a row for each day of the week, with the mean of each hour.
func (h hourCounts) means(r *Reporter, rep Report) Picture {
	all := h.ofWeek()
	rep.Before = -1 // the comparison has no room
	c := charts.HeatMap{
		Head: r.head(rep, "mean per hour (right: per day)", friendsOf(rep)), Theme: r.Theme,
	}
	for _, d := range weekdays {
		row := charts.HeatRow{Name: d.String()[:3]}
		sum := 0.0
		for hour, m := range &all[d] {
			row.Cells[hour] = charts.Cell{Value: m.mean(), Shown: m.hours > 0, Dots: m.looks}
			sum += m.mean()
		}
		row.Total = mean(sum)
		c.Rows = append(c.Rows, row)
	}
	return c
}

// mean prints a mean number: with one decimal if it is below 10.
func mean(v float64) string {
	if v < 9.95 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return number(int64(v + 0.5))
}

// findHour names the busiest hours; where there are more than three, how many bans the busiest has.
func findHour(rep Report) finding {
	h := detail[hourCounts](rep)
	bans := plural(rep.Total, "ban") + inPeriod(rep.Since)
	if rep.Window.To.Sub(rep.Window.From) > 8*24*time.Hour {
		return finding{sentence: h.findMean()}
	}
	most, names := int64(0), []string{}
	short := rep.Window.To.Sub(rep.Window.From) <= 26*time.Hour
	for _, bin := range h.bins {
		n := h.counts[bin.Key].Bans
		if n == 0 || n < most {
			continue
		}
		if n > most {
			most, names = n, nil
		}
		name := hourMinute(bin.From)
		if !short {
			name = bin.From.Format("Mon ") + name
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return finding{sentence: bans}
	case len(names) > 3:
		return finding{sentence: fmt.Sprintf("%s, at most %s an hour", bans, number(most))}
	}
	return finding{sentence: fmt.Sprintf("%s, most at %s: %s", bans, list(names), number(most))}
}

// findMean names the hour of the week with the highest mean.
func (h hourCounts) findMean() string {
	all := h.ofWeek()
	best, at := 0.0, ""
	for _, d := range weekdays {
		for hour, m := range &all[d] {
			if m.mean() > best {
				best, at = m.mean(), fmt.Sprintf("%s at %d:00", d, hour)
			}
		}
	}
	return fmt.Sprintf("Busiest hour of the week: %s, on average %s bans", at, mean(best))
}
