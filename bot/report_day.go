package bot

import (
	"context"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

func byDay(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	return r.Store.ByBin(ctx, bins(rep.Window, r.Words.Zone, day, time.DateOnly), r.Tables)
}

func dayName(key string) string {
	t, err := time.Parse(time.DateOnly, key)
	if err != nil {
		return key
	}
	return t.Format("Mon 2 Jan 2006")
}

// dayChart stacks friendly bans on all others, day by day.
func dayChart(r *Reporter, rep Report) Picture {
	cut := bins(rep.Window, r.Words.Zone, day, time.DateOnly)
	friendly := charts.Series{
		Accent: true, Name: number(rep.Friendly) + " friendly", Values: make([]float64, len(cut)),
	}
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
