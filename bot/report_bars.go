package bot

import (
	"context"

	"friendlyfire/charts"
	"friendlyfire/store"
)

func byCountry(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	return r.Store.ByCountry(ctx, rep.scope(), r.Tables)
}

func countryName(code string) string { return store.Country(code).Name() }

// countryChart draws a bar for each country, and sets friendly ones and the unknown apart.
func countryChart(r *Reporter, rep Report) Picture {
	c := r.barChart(rep)
	for i, row := range rep.Rows {
		switch {
		case row.Key == "":
			c.Bars[i].Kind = charts.Unknown
		case row.Friendly == row.Bans:
			c.Bars[i].Kind = charts.Friendly
		}
	}
	return c
}

func bySource(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	return r.Store.BySource(ctx, rep.scope(), r.Tables)
}

func sourceName(key string) string { return key }

func sourceChart(r *Reporter, rep Report) Picture { return r.barChart(rep) }

// barChart draws a bar for each row.
func (r *Reporter) barChart(rep Report) charts.BarChart {
	c := charts.BarChart{
		Title: "Fail2Ban bans by " + rep.By, Subtitle: r.subtitle(rep), Theme: r.Theme,
		FriendlyLabel: "Friendly: " + r.Words.friends(),
	}
	for _, row := range rep.Rows {
		c.Bars = append(c.Bars, charts.Bar{Label: row.Name, Value: row.Bans})
	}
	return c
}
