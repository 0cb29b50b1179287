package bot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// weekChart is the card of the week.
func weekChart(r *Reporter, rep Report) Picture {
	week := detail[weekCard](rep)
	rep.Before = -1
	head := r.head(rep, week.servers(), "Fail2Ban")
	c := charts.Card{Head: head, Theme: r.Theme}
	if rep.Total == 0 {
		return c
	}
	all := charts.Panel{Title: "All bans", Figure: number(rep.Total), Note: week.bans.compare(rep.Total)}
	if week.bans.known {
		all.Usual = &charts.Usual{Value: rep.Total, Low: week.bans.low, High: week.bans.high}
	}
	c.Panels = []charts.Panel{
		all, week.friendsPanel(rep), week.riserPanel(), week.freshPanel(), week.networksPanel(), week.hoursPanel(),
	}
	return c
}

func (week weekCard) friendsPanel(rep Report) charts.Panel {
	p := charts.Panel{Title: "Friends", Figure: number(rep.Friendly), Friends: rep.Friendly > 0}
	if p.Note = week.friends.compare(rep.Friendly); week.addresses > 0 {
		p.Note = plural(week.addresses, "address")
	}
	if p.Rows = lookRows(week.looks); p.Rows != nil {
		return p
	}
	var hit []store.Count
	for _, row := range week.byJail {
		if row.Friendly > 0 {
			hit = append(hit, row)
		}
	}
	slices.SortStableFunc(hit, func(a, b store.Count) int { return cmp.Compare(b.Friendly, a.Friendly) })
	for _, row := range hit[:min(len(hit), 3)] {
		p.Rows = append(p.Rows, charts.PanelRow{Label: jailName(row.Key), Value: row.Friendly, Friends: true, Dots: true})
	}
	return p
}

// lookRows are a row for each look of bans; nil if nothing is known of any.
func lookRows(looks []charts.Look) (rows []charts.PanelRow) {
	for i, label := range []string{"people", "unclear", "attackers"} {
		row := charts.PanelRow{Label: label, Look: charts.Person + charts.Look(i), Friends: true, Dots: true}
		for _, look := range looks {
			if look == row.Look {
				row.Value++
			}
		}
		if row.Value > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

func (week weekCard) riserPanel() charts.Panel {
	if week.riser == "" {
		return charts.Panel{Title: "Rose most", Note: map[bool]string{true: "no week before", false: "no jail rose"}[week.first]}
	}
	p := charts.Panel{Title: "Rose most", Name: week.riser}
	var now int64
	for i, n := range week.riserDays {
		column := charts.Column{Value: float64(n)}
		if i >= 7 {
			now += n
			if column.Slot = week.slots[week.riser]; column.Slot == 0 {
				column.Rest = true
			}
		}
		p.Columns = append(p.Columns, column)
	}
	p.Note = plural(now, "ban") + ", up from " + number(week.riserBefore)
	return p
}

func (week weekCard) freshPanel() charts.Panel {
	p := charts.Panel{Title: "New countries", Figure: number(len(week.fresh))}
	for _, row := range week.fresh[:min(len(week.fresh), 3)] {
		p.Rows = append(p.Rows, charts.PanelRow{Label: countryName(row.Key), Value: row.Bans, Friends: row.Friendly > 0})
	}
	return p
}

// servers are those that banned: "web1, web2, mail1".
func (week weekCard) servers() string {
	if n := len(week.sources); n > 3 {
		return number(n) + " servers"
	}
	return strings.Join(week.sources, ", ")
}

// networksPanel is the networks with most bans, or the countries where no network is known.
func (week weekCard) networksPanel() charts.Panel {
	if len(week.networks) > 0 {
		return charts.Panel{Title: "Top networks", Rows: week.networks}
	}
	p := charts.Panel{Title: "Top countries"}
	top := week.countries[:min(len(week.countries), 4)]
	for _, row := range top {
		p.Rows = append(p.Rows, charts.PanelRow{
			Label: countryName(row.Key), Value: row.Bans, Friends: row.Friendly == row.Bans, Bars: true,
		})
	}
	return p
}

func (week weekCard) hoursPanel() charts.Panel {
	p := charts.Panel{Title: "Hours", Marks: []string{"0", "6", "12", "18", "24"}}
	most, at := int64(0), []string{}
	for h, n := range week.hours {
		if n > most {
			most, at = n, nil
		}
		if n == most && n > 0 {
			at = append(at, fmt.Sprintf("%d:00", h))
		}
	}
	for _, n := range week.hours {
		p.Columns = append(p.Columns, charts.Column{Value: float64(n), Rest: true, Picked: n == most && n > 0})
	}
	if p.Note = "most at " + list(at) + ", " + number(most); len(at) > 2 {
		p.Note = "at most " + number(most)
	}
	return p
}

// weekMost says what the card shows beside the bans of friends.
func weekMost(rep Report) (s string) {
	week := detail[weekCard](rep)
	if rep.Total == 0 {
		return ""
	}
	s = found(rep)
	if week.bans.known {
		s += "\nAll bans: " + week.bans.compare(rep.Total) + " (" + week.bans.String() + ")"
	}
	if p := week.riserPanel(); p.Name != "" {
		s += "\nRose most: " + p.Name + ", " + p.Note
	}
	for i, row := range week.networks {
		s += []string{"\nTop networks: ", ", "}[min(i, 1)] + row.Label + " " + number(row.Value)
	}
	if n := len(week.fresh); n > 0 {
		names := make([]string, min(n, 5))
		for i := range names {
			names[i] = countryName(week.fresh[i].Key) + " " + number(week.fresh[i].Bans)
		}
		s += "\nNew countries: " + strings.Join(names, ", ")
		if n > len(names) {
			s += " and " + number(n-len(names)) + " more"
		}
	}
	return s
}
