package bot

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// Picture is a chart that is ready to be drawn.
type Picture interface {
	PNG() ([]byte, error)
	SVG() ([]byte, error)
	Text(width int) string // rows of block characters, at most width cells wide
}

// Draw counts what c asks for and returns the picture as PNG.
func (r *Reporter) Draw(ctx context.Context, c Chart) ([]byte, error) {
	rep, err := r.count(ctx, c)
	if err != nil {
		return nil, err
	}
	picture, err := r.Picture(ctx, rep)
	if err != nil {
		return nil, err
	}
	return picture.PNG()
}

// Picture makes the chart that suits the report.
func (r *Reporter) Picture(ctx context.Context, rep Report) (Picture, error) {
	switch rep.By {
	case "jail":
		return r.jails(ctx, rep)
	case "day":
		return r.days(rep), nil
	case "hour":
		return charts.HeatMap{Title: "When Fail2Ban bans", Subtitle: r.subtitle(rep), Theme: r.Theme, Counts: rep.week}, nil
	case "strict":
		return r.strictChart(rep), nil
	case "banned":
		return r.bannedChart(rep), nil
	}
	return r.bars(rep), nil
}

func (r *Reporter) bars(rep Report) charts.BarChart {
	c := charts.BarChart{
		Title: "Fail2Ban bans by " + rep.By, Subtitle: r.subtitle(rep), Theme: r.Theme,
		FriendlyLabel: "Friendly: " + r.Words.friends(),
	}
	for _, row := range rep.Rows {
		kind := charts.Plain
		switch {
		case rep.By == "country" && row.Key == "":
			kind = charts.Unknown
		case rep.By == "country" && row.Friendly == row.Bans:
			kind = charts.Friendly
		}
		c.Bars = append(c.Bars, charts.Bar{Label: row.Name, Value: row.Bans, Kind: kind})
	}
	return c
}

func (r *Reporter) jails(ctx context.Context, rep Report) (Picture, error) {
	next, unit := pace(rep.Window)
	cut := bins(rep.Window, r.Words.Zone, next, time.RFC3339)
	cells, err := r.Store.JailsByBin(ctx, cut)
	if err != nil {
		return nil, fmt.Errorf("count bans by jail over time: %w", err)
	}
	c := charts.TimeChart{
		Title: "Fail2Ban bans by jail, per " + unit, Subtitle: r.subtitle(rep), Theme: r.Theme,
		Times: starts(cut), End: rep.Window.To, Stacked: true,
	}
	at := make(map[string]int, len(cut))
	for i, bin := range cut {
		at[bin.Key] = i
	}
	series := map[string][]float64{}
	for _, row := range rep.Rows { // the order of the table: most bans first
		series[row.Key] = make([]float64, len(cut))
		c.Series = append(c.Series, charts.Series{Name: row.Name, Values: series[row.Key]})
	}
	for _, cell := range cells {
		if s, ok := series[cell.Jail]; ok { // a jail may have come up since the rows were counted
			s[at[cell.Bin]] = float64(cell.Bans)
		}
	}
	return c, nil
}

func (r *Reporter) days(rep Report) Picture {
	cut := bins(rep.Window, r.Words.Zone, day, time.DateOnly)
	friendly := charts.Series{Accent: true, Name: number(rep.Friendly) + " friendly", Values: make([]float64, len(cut))}
	others := charts.Series{Name: number(rep.Total-rep.Friendly) + " others", Values: make([]float64, len(cut))}
	rows := map[string]Row{}
	for _, row := range rep.Rows {
		rows[row.Key] = row
	}
	for i, bin := range cut {
		row := rows[bin.Key]
		friendly.Values[i], others.Values[i] = float64(row.Friendly), float64(row.Bans-row.Friendly)
	}
	return charts.TimeChart{
		Title: "Fail2Ban bans per day", Subtitle: r.subtitle(rep), Theme: r.Theme,
		Times: starts(cut), End: rep.Window.To, Series: []charts.Series{others, friendly}, Stacked: true,
	}
}

// strictChart shows, jail by jail, the part of bans that hit friends: now, and in the year before the period.
func (r *Reporter) strictChart(rep Report) Picture {
	c := charts.ShareChart{
		Title: "How strict is each jail with friends?", Subtitle: r.subtitle(rep), Theme: r.Theme,
		MarkedLabel: "Stricter than usual", PastLabel: "Before",
	}
	for _, row := range byShare(rep.Rows) {
		j := rep.judged[row.Key]
		c.Rows = append(c.Rows, charts.Share{
			Label: row.Name, Part: row.Friendly, Whole: row.Bans, Marked: j.stricter,
			PastPart: j.past.Friendly, PastWhole: j.past.Bans,
		})
	}
	return c
}

// pace is the bin that suits a window: some dozens of bins, up to two hundred.
func pace(w store.Window) (step, string) {
	switch length := w.To.Sub(w.From); {
	case length <= 8*24*time.Hour:
		return hour, "hour"
	case length <= 200*24*time.Hour:
		return day, "day"
	}
	return week, "week"
}

func starts(bins []store.Bin) []time.Time {
	all := make([]time.Time, len(bins))
	for i, b := range bins {
		all[i] = b.From
	}
	return all
}

// subtitle is the period, the totals and the zone.
func (r *Reporter) subtitle(rep Report) string {
	if rep.Total == 0 {
		return r.Words.period(rep)
	}
	s := fmt.Sprintf("%s · %s of %s", r.Words.period(rep), plural(rep.Total, "ban"), plural(rep.Addresses, "address"))
	if rep.Before > 0 {
		s += fmt.Sprintf(" · %s on the %s before", change(rep.Total, rep.Before), length(rep.Since))
	}
	return s
}
