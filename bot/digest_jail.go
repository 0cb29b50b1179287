package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"friendlyfire/store"
)

// What is usual for a jail in a day is said by up to 28 days before, of which there must be seven; and which countries
// are new by a year, of which there must be two weeks.
const (
	jailDays, leastJailDays = 28, 7
	leastYear               = 14 * 24 * time.Hour
	freshNamed              = 3
)

// mostAndNew is "Most by sshd, 46, as usual · new: Peru 2": the jail with most bans of the day before day(0), beside
// its own past, and the countries that had no ban in the year before.
func (d *Digester) mostAndNew(
	ctx context.Context, day func(back int) time.Time, jails []store.Count, countries []Row,
) (string, error) {
	span, err := d.Store.Span(ctx)
	if err != nil {
		return "", err
	}
	var parts []string
	if len(jails) > 1 || len(jails) == 1 && jails[0].Key != "" { // else the source names no jails
		usual, err := d.jailUsual(ctx, day, span.From, jails[0].Key)
		if err != nil {
			return "", err
		}
		parts = append(parts, mostBy(jails, usual))
	}
	if day(1).Sub(span.From) < leastYear {
		return strings.Join(parts, ""), nil
	}
	past, err := d.Store.ByCountry(ctx, store.Window{From: day(1 + pastDays), To: day(1)}, false)
	if err != nil {
		return "", err
	}
	fresh := slices.DeleteFunc(slices.Clone(countries), func(row Row) bool {
		return row.Key == "" || slices.ContainsFunc(past.Rows, func(n store.Count) bool { return n.Key == row.Key })
	})
	if len(fresh) > 0 {
		named := "new: " + first(fresh, freshNamed, withBans)
		if n := len(fresh) - freshNamed; n > 0 {
			named += " and " + number(n) + " more"
		}
		parts = append(parts, named)
	}
	return strings.Join(parts, " · "), nil
}

// mostBy is "Most by sshd, 46, as usual", where usual is that of the first jail. Ties are named.
func mostBy(jails []store.Count, usual usually) string {
	bans, names := jails[0].Bans, []string{}
	for _, jail := range jails {
		if jail.Bans == bans {
			names = append(names, jailName(jail.Key))
		}
	}
	switch {
	case len(jails) == 1:
		return "All by " + names[0] + usual.beside(bans)
	case len(names) == 1:
		return "Most by " + names[0] + ", " + number(bans) + usual.beside(bans)
	case len(names) > 3:
		return number(len(names)) + " jails with " + number(bans) + " each"
	}
	return "Most by " + list(names) + ", " + number(bans) + " each"
}

// jailUsual is between which numbers four of five of the days before lie.
func (d *Digester) jailUsual(
	ctx context.Context, day func(back int) time.Time, since time.Time, jail string,
) (usually, error) {
	var cut []store.Bin
	for back := jailDays; back > 0; back-- {
		one := store.Window{From: day(1 + back), To: day(back)}
		if !one.From.Before(since) {
			cut = append(cut, store.Bin{Key: one.From.Format(time.DateOnly), Window: one})
		}
	}
	if len(cut) < leastJailDays {
		return usually{}, nil
	}
	cells, err := d.Store.JailsByBin(ctx, cut)
	bans := make([]int64, len(cut)) // a day without bans has no cell
	i := 0
	for _, cell := range cells {
		if cell.Jail == jail {
			bans[i] = cell.Bans
			i++
		}
	}
	return middleOf(bans), err
}

// beside is ", as usual" or ", usually 40 to 52"; "" if nobody knows.
func (u usually) beside(n int64) string {
	switch {
	case !u.known:
		return ""
	case n >= u.low && n <= u.high:
		return ", as usual"
	}
	return ", usually " + u.String()
}
