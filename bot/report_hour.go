package bot

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// hoursOfWeek are the bans of each hour, by weekday.
type hoursOfWeek [7][24]int64

// byHour counts by hour of the day, and for the chart by hour of the week.
func byHour(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	cut := bins(rep.Window, r.Words.Zone, hour, "Monday 15")
	at := make(map[string]time.Time, 7*24) // Go writes weekdays but does not read them
	for _, bin := range cut {
		at[bin.Key] = bin.From
	}
	counts, err := r.Store.ByBin(ctx, cut, false)
	if err != nil {
		return store.Counts{}, err
	}
	var ofWeek hoursOfWeek
	ofDay := make([]store.Count, 24)
	for _, n := range counts.Rows {
		h := at[n.Key].Hour()
		ofWeek[at[n.Key].Weekday()][h] = n.Bans
		ofDay[h].Bans += n.Bans
		ofDay[h].Friendly += n.Friendly
	}
	rep.detail = ofWeek
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

func hourName(key string) string { return key + ":00" }

// hourChart is a map of the week.
func hourChart(r *Reporter, rep Report) Picture {
	return charts.HeatMap{
		Title: "When Fail2Ban bans", Subtitle: r.subtitle(rep), Theme: r.Theme, Counts: detail[hoursOfWeek](rep),
	}
}
