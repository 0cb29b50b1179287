package bot

import (
	"context"
	"fmt"
	"strings"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// countBy counts the bans of a window by some key.
type countBy func(ctx context.Context, w store.Window, distinct bool) (store.Counts, error)

// earlier are the bans of the period of the same length before, by key; nil if the database does not reach back so far.
type earlier map[string]int64

// byKey counts by a key, and in the period before, too.
func byKey(ctx context.Context, r *Reporter, rep *Report, count countBy) (store.Counts, error) {
	counts, err := count(ctx, rep.scope(), r.Tables)
	if err != nil {
		return counts, err
	}
	before, ok, err := r.before(ctx, rep)
	if err != nil || !ok {
		return counts, err
	}
	past, err := count(ctx, before, false)
	keys := earlier{}
	for _, row := range past.Rows {
		keys[row.Key] = row.Bans
	}
	rep.detail = keys
	return counts, err
}

func byCountry(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	return byKey(ctx, r, rep, r.Store.ByCountry)
}

// judgedBars is the detail of a report whose bars of friends say what these look like.
type judgedBars struct {
	before earlier
	looks  map[string][]charts.Look // by key, of bans of friends that have log lines
}

// byJudgedCountry is byCountry, with what the friends of each country look like.
func byJudgedCountry(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	counts, err := byCountry(ctx, r, rep)
	if err != nil {
		return counts, err
	}
	d := judgedBars{before: detail[earlier](*rep), looks: map[string][]charts.Look{}}
	bans, verdicts, err := r.judge().friends(ctx, rep.Window, nil)
	for i, v := range verdicts {
		if key := string(bans[i].Country); tells(bans[i].Ban, v) {
			d.looks[key] = append(d.looks[key], lookOf(v))
		}
	}
	rep.detail = d
	return counts, err
}

// beside is "5 people, 2 unclear, 7 attackers" of a row's bans of friends; "" where none has log lines. One without is
// unclear.
func (d judgedBars) beside(row Row) string {
	looks := d.looks[row.Key]
	if len(looks) == 0 {
		return ""
	}
	counts := map[charts.Look]int64{charts.Unclear: max(row.Friendly-int64(len(looks)), 0)}
	for _, look := range looks {
		counts[look]++
	}
	return whoTheyAre(counts[charts.Person], counts[charts.Unclear], counts[charts.Attacker])
}

// whoTheyAre is "2 people, 17 unclear, 41 attackers".
func whoTheyAre(people, unclear, attackers int64) string {
	var parts []string
	if people > 0 {
		parts = append(parts, strings.Replace(plural(people, "person"), "persons", "people", 1))
	}
	if unclear > 0 {
		parts = append(parts, number(unclear)+" unclear")
	}
	if attackers > 0 {
		parts = append(parts, plural(attackers, "attacker"))
	}
	return strings.Join(parts, ", ")
}

func countryName(code string) string { return store.Country(code).Name() }

func bySource(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	return byKey(ctx, r, rep, r.Store.BySource)
}

func sourceName(key string) string { return key }

// countryChart is barChart with what friends look like.
func countryChart(r *Reporter, rep Report) Picture {
	d := detail[judgedBars](rep)
	c := bars(r, rep, r.head(rep, plural(rep.Addresses, "address")), d.before)
	for i, row := range rep.Rows {
		c.Bars[i].Beside = d.beside(row)
	}
	return c
}

// barChart draws a bar for each row, and what hit friends in their colour.
func barChart(r *Reporter, rep Report) Picture {
	return bars(r, rep, r.head(rep, plural(rep.Addresses, "address")), detail[earlier](rep))
}

func bars(r *Reporter, rep Report, head charts.Head, before earlier) charts.BarChart {
	c := charts.BarChart{Head: head, Theme: r.Theme, Compare: before != nil}
	shown := map[string]bool{}
	for _, row := range rep.Rows {
		bar := charts.Bar{Label: row.Name, Value: row.Bans, Friends: row.Friendly, Before: before[row.Key]}
		if row.Key == "" {
			bar.Kind = charts.Unknown
		}
		c.Bars = append(c.Bars, bar)
		shown[row.Key] = true
	}
	gone := charts.Bar{Kind: charts.Others}
	for key, bans := range before {
		if !shown[key] {
			gone.Before += bans
		}
	}
	c.Bars = append(c.Bars, gone)
	return c
}

// hasBars reports whether there is more than one bar: one alone is said in words.
func hasBars(rep Report) bool { return len(rep.Rows) > 1 }

// findHits is how many of the bans hit friends.
func findHits(rep Report) finding {
	by := "Bans by " + rep.By + ": "
	if rep.Friendly == 0 {
		return finding{sentence: fmt.Sprintf("%s%s, none of friends", by, number(rep.Total))}
	}
	friends := fmt.Sprintf("%s of %s hit friends", number(rep.Friendly), number(rep.Total))
	if rep.Friendly == rep.Total {
		friends = fmt.Sprintf("all %s hit friends", number(rep.Total))
	}
	return finding{by + friends, friends}
}
