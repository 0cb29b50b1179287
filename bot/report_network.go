package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"friendlyfire/charts"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// networks are whose networks the bans came from.
type networks struct {
	before earlier
	kinds  map[evidence.Network]int64 // bans
}

// byNetwork counts by the autonomous systems of the addresses.
func byNetwork(ctx context.Context, r *Reporter, rep *Report) (counts store.Counts, err error) {
	if counts, err = byKey(ctx, r, rep, r.Store.BySystem); err != nil {
		return counts, err
	}
	if rep.names, err = r.Store.Holders(ctx); err != nil {
		return counts, err
	}
	n := networks{before: detail[earlier](*rep), kinds: map[evidence.Network]int64{}}
	for _, row := range counts.Rows {
		n.kinds[evidence.NetworkOf(rep.names[row.Key])] += row.Bans
	}
	rep.detail = n
	return counts, nil
}

// networkName is the name of a system whose holder nobody knows: its number.
func networkName(key string) string {
	if key == "" {
		return "Unknown"
	}
	return key
}

// networkChart draws a bar for each of the networks with most bans, and for some with most bans of friends. Where
// several have one name, their numbers follow.
func networkChart(r *Reporter, rep Report) Picture {
	n := detail[networks](rep)
	rows, rest, others := topNetworks(rep.Rows)
	rep.Rows = rows
	c := bars(r, rep, r.head(rep, n.hosting(rep.Total)), n.before)
	named := map[string]int{}
	for i, row := range rows {
		if row.Key != "" {
			c.Bars[i].Label = shortHolder(row.Name)
			named[c.Bars[i].Label]++
		}
	}
	for i, row := range rows {
		if name := c.Bars[i].Label; named[name] > 1 && name != row.Key {
			c.Bars[i].Label = row.Key + " " + name
		}
	}
	if others > 0 {
		folded := charts.Bar{Label: number(others) + " others", Kind: charts.Others, Value: rest.Bans, Friends: rest.Friendly}
		c.Bars = slices.Insert(c.Bars, len(rows), folded)
	}
	return c
}

// friendsKept is how many of the bars of networks are kept for those with most bans of friends: nearly every large
// network has some, so that these would otherwise take all the room.
const friendsKept = 3

// topNetworks are the rows to be drawn, most bans first, the unknown among them; and how many others there are, and
// their sum.
func topNetworks(all []Row) (rows []Row, rest Row, others int) {
	named := make([]int, 0, len(all)) // indexes
	for i, row := range all {
		if row.Key != "" {
			named = append(named, i)
		}
	}
	if len(named) <= charts.MostBars+1 {
		return all, rest, 0
	}
	const first = charts.MostBars - friendsKept
	byFriends := slices.SortedStableFunc(slices.Values(named[first:]), func(a, b int) int {
		return cmp.Compare(all[b].Friendly, all[a].Friendly)
	})
	kept := append(slices.Clone(named[:first]), byFriends[:friendsKept]...)
	for i, row := range all {
		if row.Key == "" || slices.Contains(kept, i) {
			rows = append(rows, row)
			continue
		}
		rest.Bans += row.Bans
		rest.Friendly += row.Friendly
		others++
	}
	return rows, rest, others
}

// hosting is "41.0% hosting": the share of hosting companies, as far as their names say so; "" for none.
func (n networks) hosting(total int64) string {
	if n.kinds[evidence.Hosting] == 0 {
		return ""
	}
	return percent(n.kinds[evidence.Hosting], total) + " hosting"
}

// networkLeaders are the networks with most bans, and the kinds of all.
func networkLeaders(rep Report) (s string) {
	if len(rep.Rows) > 1 {
		s = "\nTop: " + first(rep.Rows, 5, func(row Row) string {
			name := shortHolder(row.Name)
			if row.Key != "" && name != row.Key {
				name += " " + row.Key
			}
			return fmt.Sprintf("%s %s (%s)", name, number(row.Bans), percent(row.Bans, rep.Total))
		})
	}
	kinds := detail[networks](rep).kinds
	if kinds[evidence.Hosting]+kinds[evidence.Access] > 0 {
		s += fmt.Sprintf("\nBy their names: hosting companies %s, access networks %s, others %s",
			percent(kinds[evidence.Hosting], rep.Total), percent(kinds[evidence.Access], rep.Total),
			percent(kinds[evidence.UnknownNetwork], rep.Total))
	}
	return s
}
