package bot

import (
	"context"
	"fmt"
	"regexp"
	"strings"

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

// networkChart draws a bar for each of the networks with most bans. Where several have one name, their numbers follow.
func networkChart(r *Reporter, rep Report) Picture {
	n := detail[networks](rep)
	c := bars(r, rep, r.head(rep, n.hosting(rep.Total)), n.before)
	named := map[string]int{}
	shown := rep.Rows[:min(len(rep.Rows), charts.MostBars+1)] // the unknown may be one of them
	for i, row := range shown {
		if row.Key != "" {
			c.Bars[i].Label = shortHolder(row.Name)
			named[c.Bars[i].Label]++
		}
	}
	for i, row := range shown {
		if name := c.Bars[i].Label; named[name] > 1 && name != row.Key {
			c.Bars[i].Label = row.Key + " " + name
		}
	}
	return c
}

// hosting is "41% from hosting companies", as far as their names say so; "" for none.
func (n networks) hosting(total int64) string {
	if n.kinds[evidence.Hosting] == 0 {
		return ""
	}
	return percent(n.kinds[evidence.Hosting], total) + " from hosting companies"
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

// legalForm is what companies have to write after their names.
var legalForm = regexp.MustCompile(`(?i)[\s,.]+(?:` + strings.Join([]string{
	`nv`, `n\.v`, `bv`, `b\.v`, `sa`, `s\.a`, `s/a`, `sas`, `s\.a\.s`, `s\.?a\.?u`, `sarl`, `srl`, `s\.?r\.?l`, `s\.?p\.?a`, `llc`,
	`l\.l\.c`, `inc`, `corp`, `corporation`, `co`, `company`, `ltd`, `limited`, `pty`, `\(pty\)`, `pte`, `pvt`, `private`, `plc`, `gmbh`,
	`ag`, `kg`, `& co`, `ohg`, `ab`, `a/s`, `as`, `asa`, `oy`, `oyj`, `pjsc`, `jsc`, `s\.?a\. de c\.?v`, `s de rl de cv`, `ltda`,
	`sdn bhd`, `a\.s`, `s\.?r\.?o`, `d\.o\.o`, `kft`, `zrt`, `sp\. z o\.o`, `spolka akcyjna`,
}, "|") + `)\.?$`)

// shortHolder is the name of a holder without its legal form: "Proximus", "Chunghwa Telecom".
func shortHolder(name string) string {
	for {
		short := strings.TrimRight(legalForm.ReplaceAllString(name, ""), " ,")
		if short == name || short == "" {
			return name
		}
		name = short
	}
}
