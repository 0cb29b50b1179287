package bot

import (
	"fmt"

	"friendlyfire/charts"
)

// mapChart shows the bans by country on a map of the world.
func mapChart(r *Reporter, rep Report) Picture {
	c := charts.MapChart{Theme: r.Theme}
	countries, unknown := 0, ""
	for _, row := range rep.Rows {
		c.Places = append(c.Places, charts.Place{Code: row.Key, Name: row.Name, Value: row.Bans, Friends: row.Friendly})
		if row.Key == "" {
			unknown = number(row.Bans) + " of unknown country"
		} else {
			countries++
		}
	}
	rep.Before = -1
	c.Head = r.head(rep, countriesIn(countries), friendsOf(rep), unknown)
	return c
}

func countriesIn(n int) string {
	if n == 1 {
		return "1 country"
	}
	return number(n) + " countries"
}

// findMap is the country with most bans.
func findMap(rep Report) finding {
	for i, row := range rep.Rows {
		if row.Key == "" {
			continue
		}
		if i+1 < len(rep.Rows) && rep.Rows[i+1].Bans == row.Bans {
			break // it is not the only one
		}
		return finding{sentence: fmt.Sprintf("%s: %s of %s", row.Name, number(row.Bans), plural(rep.Total, "ban"))}
	}
	return rep.hits(plural(rep.Total, "ban") + inPeriod(rep.Since))
}
