package bot

import (
	"cmp"
	"context"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

func byJail(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	return r.Store.ByJail(ctx, rep.scope(), r.Tables)
}

// byJailAndTime counts by jail, and for the chart by jail and bin.
func byJailAndTime(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	counts, err := byJail(ctx, r, rep)
	if err != nil {
		return counts, err
	}
	next, _ := pace(rep.Window)
	rep.detail, err = r.Store.JailsByBin(ctx, bins(rep.Window, r.Words.Zone, next, time.RFC3339))
	return counts, err
}

func jailName(key string) string { return cmp.Or(key, "no jail given") }

// jailChart stacks the bans of the jails over time.
func jailChart(r *Reporter, rep Report) Picture {
	next, unit := pace(rep.Window)
	cut := bins(rep.Window, r.Words.Zone, next, time.RFC3339)
	c := charts.TimeChart{
		Title: "Fail2Ban bans by jail, per " + unit, Subtitle: r.subtitle(rep), Theme: r.Theme,
		Times: starts(cut), End: rep.Window.To, Stacked: true,
	}
	at := make(map[string]int, len(cut))
	for i, bin := range cut {
		at[bin.Key] = i
	}
	series := map[string][]float64{}
	for _, row := range rep.Rows { // in the order of the table: most bans first
		series[row.Key] = make([]float64, len(cut))
		c.Series = append(c.Series, charts.Series{Name: row.Name, Values: series[row.Key]})
	}
	for _, cell := range detail[[]store.Cell](rep) {
		if s, ok := series[cell.Jail]; ok { // a jail may have come up since the rows were counted
			s[at[cell.Bin]] = float64(cell.Bans)
		}
	}
	return c
}
