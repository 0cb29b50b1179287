package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// weeksBefore is how many weeks say what is usual.
const weeksBefore = 12

// weekCard is what the card of a week shows.
type weekCard struct {
	bans, friends usually
	byJail        []store.Count // of the week, most bans first
	first         bool          // there is no whole week before
	riser         string        // the jail that rose most; "": none rose
	riserBefore   int64
	riserDays     [14]int64 // its bans of each day, from the week before on
	fresh         []store.Count
	countries     []store.Count
	hours         [24]int64
	slots         map[string]int
	looks         []charts.Look // of the bans of friends
	addresses     int           // of these; 0: that is not known
	networks      []charts.PanelRow
	sources       []string // that banned
}

// usually is a number of the week, and between which numbers those of the weeks before lie.
type usually struct {
	low, high int64
	known     bool
}

// lastWeek is the last whole week, from Monday to Sunday, before the moment.
func lastWeek(now time.Time, zone *time.Location) store.Window {
	now = now.In(zone)
	monday := now.Day() - (int(now.Weekday())+6)%7
	at := func(day int) time.Time { return time.Date(now.Year(), now.Month(), day, 0, 0, 0, 0, zone) }
	return store.Window{From: at(monday - 7), To: at(monday)}
}

// byWeek counts the last week by jail, and what else its card shows.
func byWeek(ctx context.Context, r *Reporter, rep *Report) (counts store.Counts, err error) {
	if counts, err = r.Store.ByJail(ctx, rep.Window, r.Tables); err != nil {
		return counts, err
	}
	week := weekCard{byJail: counts.Rows}
	for _, part := range []func(context.Context, *Reporter, store.Window, *weekCard) error{
		weekUsual, weekRiser, weekCountries, weekNetworks, weekHours,
	} {
		if err := part(ctx, r, rep.Window, &week); err != nil {
			return counts, err
		}
	}
	bans, verdicts, err := r.judge().friends(ctx, rep.Window, nil)
	if err != nil {
		return counts, err
	}
	week.looks = looksOf(bans, verdicts, []store.Bin{{Window: rep.Window}}).of("", counts.Total.Friendly)
	if int64(len(bans)) == counts.Total.Friendly { // else some of them were not looked at
		hit := map[string]bool{}
		for _, b := range bans {
			hit[b.Address] = true
		}
		week.addresses = len(hit)
	}
	week.slots, err = r.slots(ctx, rep.Window.To)
	rep.detail = week
	return counts, err
}

// daysAfter is the midnight n days after the start of the window, in its zone.
func daysAfter(w store.Window, n int) time.Time { return w.From.AddDate(0, 0, n) }

// weekUsual compares with the weeks before, as far as the database reaches back.
func weekUsual(ctx context.Context, r *Reporter, w store.Window, week *weekCard) error {
	span, err := r.Store.Span(ctx)
	if err != nil {
		return err
	}
	var cut []store.Bin
	for i := range weeksBefore {
		one := store.Window{From: daysAfter(w, -7*(i+1)), To: daysAfter(w, -7*i)}
		if span.From.After(one.From) {
			break
		}
		cut = append(cut, store.Bin{Key: one.From.Format(time.DateOnly), Window: one})
	}
	if len(cut) < 3 { // too few to call anything usual
		return nil
	}
	counts, err := r.Store.ByBin(ctx, cut, false)
	if err != nil {
		return err
	}
	bans, friends := make([]int64, len(cut)), make([]int64, len(cut)) // a week without bans has no row
	for i, row := range counts.Rows {
		bans[i], friends[i] = row.Bans, row.Friendly
	}
	week.bans, week.friends = middleOf(bans), middleOf(friends)
	return nil
}

// middleOf is where four of five numbers lie.
func middleOf(all []int64) usually {
	slices.Sort(all)
	cut := len(all) / 10
	return usually{all[cut], all[len(all)-1-cut], true}
}

// weekRiser finds the jail whose bans rose most against the week before.
func weekRiser(ctx context.Context, r *Reporter, w store.Window, week *weekCard) error {
	span, err := r.Store.Span(ctx)
	if err != nil {
		return err
	}
	if week.first = span.From.After(daysAfter(w, -7)); week.first {
		return nil
	}
	before, err := r.Store.ByJail(ctx, store.Window{From: daysAfter(w, -7), To: w.From}, false)
	if err != nil {
		return err
	}
	past := map[string]int64{}
	for _, row := range before.Rows {
		past[row.Key] = row.Bans
	}
	most := int64(0)
	for _, row := range week.byJail {
		if rise := row.Bans - past[row.Key]; rise > most && row.Key != "" {
			most, week.riser, week.riserBefore = rise, row.Key, past[row.Key]
		}
	}
	if week.riser == "" {
		return nil
	}
	twoWeeks := store.Window{From: daysAfter(w, -7), To: w.To}
	cut := bins(twoWeeks, r.Words.Zone, day, time.DateOnly)
	cells, err := r.Store.JailsByBin(ctx, cut)
	for _, cell := range cells {
		i := slices.IndexFunc(cut, func(b store.Bin) bool { return b.Key == cell.Bin })
		if cell.Jail == week.riser && i < len(week.riserDays) {
			week.riserDays[i] = cell.Bans
		}
	}
	return err
}

// weekCountries finds the countries, and which of them had no ban in the year before.
func weekCountries(ctx context.Context, r *Reporter, w store.Window, week *weekCard) error {
	counts, err := r.Store.ByCountry(ctx, w, false)
	if err != nil {
		return err
	}
	past, err := r.Store.ByCountry(ctx, store.Window{From: daysAfter(w, -pastDays), To: w.From}, false)
	if err != nil {
		return err
	}
	known := map[string]bool{"": true}
	for _, row := range past.Rows {
		known[row.Key] = true
	}
	for _, row := range counts.Rows {
		if row.Key != "" {
			week.countries = append(week.countries, row)
		}
		if !known[row.Key] && len(past.Rows) > 0 {
			week.fresh = append(week.fresh, row)
		}
	}
	return nil
}

func weekHours(ctx context.Context, r *Reporter, w store.Window, week *weekCard) error {
	cut := bins(w, r.Words.Zone, hour, "15")
	counts, err := r.Store.ByBin(ctx, cut, false)
	for _, row := range counts.Rows {
		var h int
		if _, err := fmt.Sscan(strings.TrimPrefix(row.Key, "0"), &h); err == nil && h < 24 {
			week.hours[h] = row.Bans
		}
	}
	return err
}

// findWeek is how many bans hit friends in the week, and how many usually do.
func findWeek(rep Report) finding {
	week := detail[weekCard](rep)
	if rep.Friendly == 0 {
		return finding{sentence: "A quiet week: " + plural(rep.Total, "ban") + ", none of friends"}
	}
	verb := " hit friends last week"
	friends := plural(rep.Friendly, "ban") + verb
	f := finding{friends, friends}
	if u := week.friends; u.known {
		f.sentence += ", usually " + u.String()
	}
	return f
}

// String is "3 to 8", or "3".
func (u usually) String() string {
	if u.low == u.high {
		return number(u.low)
	}
	return number(u.low) + " to " + number(u.high)
}

// compare says how a number compares with what is usual.
func (u usually) compare(n int64) string {
	switch {
	case !u.known:
		return ""
	case n > u.high:
		return "more than usual"
	case n < u.low:
		return "fewer than usual"
	}
	return "as usual"
}
