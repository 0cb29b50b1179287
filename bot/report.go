package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// What a report can count by, and the periods it can look at.
var (
	kinds   = []string{"country", "jail", "source", "day", "hour", "strict", "banned"}
	periods = []string{"24h", "7d", "30d", "all"}
)

// Kinds are what a report can count by.
func Kinds() []string { return slices.Clone(kinds) }

// Periods are how far back a report can look.
func Periods() []string { return slices.Clone(periods) }

// Report is the bans of a period, counted. By "banned", it is the bans in force at the end of the period.
type Report struct {
	By    string `json:"by"`
	Since string `json:"since"`
	Total int64  `json:"total"` // bans
	Rows  []Row  `json:"rows"`  // most bans first

	Addresses int64        `json:"-"` // distinct ones
	Friendly  int64        `json:"-"` // bans of friendly addresses
	Window    store.Window `json:"-"`
	Caveat    string       `json:"-"` // what the sources cannot show, "" for nothing
	Before    int64        `json:"-"` // bans in the period of the same length before; -1: there is none

	active *activeBans       // of a report by "banned", unless nothing was ever banned
	judged map[string]judged // of a report by "strict": by jail
	week   [7][24]int64      // of a report by "hour": bans by weekday and hour
}

// Row is what shares a key.
type Row struct {
	Key       string `json:"key"` // country code, jail, source, 2006-01-02, hour 00 to 23; "" is unknown
	Name      string `json:"name"`
	Bans      int64  `json:"bans"`
	Addresses int64  `json:"addresses"` // distinct ones, of a Reporter of tables
	Friendly  int64  `json:"friendly"`  // bans of friendly addresses
}

// Chart is a picture to be drawn: of what, and of which period.
type Chart struct {
	By    string    `json:"by"`
	Since string    `json:"since,omitempty"` // the period's name; "" for one that has none
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// Reporter counts bans and draws what it counted.
type Reporter struct {
	Store *store.Store
	Words Words
	Theme charts.Theme
	// Tables: count the addresses of each row, too. Charts do without, and take a fraction of the time.
	Tables bool
}

// Report counts the bans of the period that ends now. since is one of Periods, by one of Kinds.
func (r *Reporter) Report(ctx context.Context, by, since string, now time.Time) (Report, error) {
	window, err := r.window(ctx, since, now)
	if err != nil {
		return Report{}, err
	}
	if by == "banned" && !window.To.IsZero() { // who is banned is a matter of now, not of the last ban
		window.To = maxTime(window.To, now.Truncate(time.Second).Add(time.Second))
	}
	return r.count(ctx, Chart{By: by, Since: since, From: window.From, To: window.To})
}

// window is the period that ends now: the next second is not of it. All time is the days from the first ban to the last.
func (r *Reporter) window(ctx context.Context, since string, now time.Time) (store.Window, error) {
	end := now.Truncate(time.Second).Add(time.Second)
	switch since {
	case "24h":
		return store.Window{From: end.Add(-24 * time.Hour), To: end}, nil
	case "7d", "30d":
		days := map[string]int{"7d": 7, "30d": 30}[since]
		return store.Window{From: end.In(r.Words.Zone).AddDate(0, 0, -days), To: end}, nil
	case "all":
		span, err := r.Store.Span(ctx)
		if err != nil || span.From.IsZero() {
			return store.Window{}, err
		}
		first, last := span.From.In(r.Words.Zone), span.To.In(r.Words.Zone)
		from := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, r.Words.Zone)
		return store.Window{From: from, To: maxTime(last, minTime(day(last), end))}, nil
	}
	return store.Window{}, fmt.Errorf("period %q: want %s", since, strings.Join(periods, ", "))
}

func (r *Reporter) count(ctx context.Context, c Chart) (Report, error) {
	rep := Report{By: c.By, Since: c.Since, Window: store.Window{From: c.From, To: c.To}, Before: -1, Rows: []Row{}}
	if c.From.IsZero() { // nothing was ever banned
		return rep, nil
	}
	if c.By == "banned" {
		err := r.banned(ctx, &rep)
		mostFirst(rep.Rows)
		return rep, err
	}
	all := rep.Window
	if c.Since == "all" {
		all = store.Window{} // the same bans, and none is to be looked at to see on which side of midnight it lies
	}
	counts, err := r.counts(ctx, &rep, all)
	if err != nil {
		return rep, fmt.Errorf("count bans by %s: %w", c.By, err)
	}
	rep.Total, rep.Friendly = counts.Total.Bans, counts.Total.Friendly
	if rep.Addresses, err = r.Store.Addresses(ctx, all); err != nil {
		return rep, fmt.Errorf("count addresses: %w", err)
	}
	if rep.Caveat, err = caveat(ctx, r.Store); err != nil {
		return rep, err
	}
	for _, n := range counts.Rows {
		rep.Rows = append(rep.Rows, Row{Key: n.Key, Name: name(c.By, n.Key), Bans: n.Bans, Addresses: n.Addresses, Friendly: n.Friendly})
	}
	mostFirst(rep.Rows)
	if c.By == "strict" {
		if err := r.judge(ctx, &rep); err != nil {
			return rep, fmt.Errorf("judge jails: %w", err)
		}
	}
	err = r.compare(ctx, &rep)
	return rep, err
}

func mostFirst(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(b.Bans, a.Bans) })
}

// compare counts the period of the same length before, if the database reaches back so far.
func (r *Reporter) compare(ctx context.Context, rep *Report) error {
	if rep.Since == "all" {
		return nil
	}
	all, err := r.Store.Span(ctx)
	if err != nil {
		return err
	}
	before := store.Window{From: rep.Window.From.Add(rep.Window.From.Sub(rep.Window.To)), To: rep.Window.From}
	if all.From.After(before.From) {
		return nil
	}
	total, err := r.Store.Totals(ctx, before)
	rep.Before = total.Bans
	return err
}

// counts counts the bans of the report's window by what is told by the clock, else of all, which are the same bans.
func (r *Reporter) counts(ctx context.Context, rep *Report, all store.Window) (store.Counts, error) {
	switch rep.By {
	case "country":
		return r.Store.ByCountry(ctx, all, r.Tables)
	case "jail", "strict":
		return r.Store.ByJail(ctx, all, r.Tables)
	case "source":
		return r.Store.BySource(ctx, all, r.Tables)
	case "day":
		return r.Store.ByBin(ctx, bins(rep.Window, r.Words.Zone, day, time.DateOnly), r.Tables)
	case "hour":
		return r.hours(ctx, rep)
	}
	return store.Counts{}, fmt.Errorf("%q: want %s", rep.By, strings.Join(kinds, ", "))
}

// hours counts by hour of the day, and of the week for the picture.
func (r *Reporter) hours(ctx context.Context, rep *Report) (store.Counts, error) {
	cut := bins(rep.Window, r.Words.Zone, hour, "Monday 15")
	at := make(map[string]time.Time, 7*24) // Go writes weekdays but does not read them
	for _, bin := range cut {
		at[bin.Key] = bin.From
	}
	ofWeek, err := r.Store.ByBin(ctx, cut, false)
	if err != nil {
		return store.Counts{}, err
	}
	ofDay := make([]store.Count, 24)
	for _, n := range ofWeek.Rows {
		h := at[n.Key].Hour()
		rep.week[at[n.Key].Weekday()][h] = n.Bans
		ofDay[h].Bans += n.Bans
		ofDay[h].Friendly += n.Friendly
	}
	if r.Tables {
		return r.Store.ByBin(ctx, bins(rep.Window, r.Words.Zone, hour, "15"), true)
	}
	counts := store.Counts{Total: ofWeek.Total}
	for h, n := range ofDay {
		if n.Bans > 0 {
			n.Key = fmt.Sprintf("%02d", h)
			counts.Rows = append(counts.Rows, n)
		}
	}
	return counts, nil
}

// name is a key in words.
func name(by, key string) string {
	switch by {
	case "country":
		return store.Country(key).Name()
	case "jail", "strict":
		return cmp.Or(key, "no jail given")
	case "hour":
		return key + ":00"
	case "day":
		if t, err := time.Parse(time.DateOnly, key); err == nil {
			return t.Format("Mon 2 Jan 2006")
		}
	}
	return key
}

// step moves t, the start of a bin, to the start of the next.
type step func(t time.Time) time.Time

// day steps over 23 and 25 hours alike. Where midnight does not exist the day begins at the first moment that does.
func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
}

// hour steps to the next full hour of the clock, in zones off by half an hour, too.
func hour(t time.Time) time.Time {
	past := time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	return t.Add(time.Hour - past)
}

func week(t time.Time) time.Time {
	for t = day(t); t.Weekday() != time.Monday; t = day(t) {
	}
	return t
}

// bins cuts the window at the clock of zone; the first and the last bin may be shorter than the others.
func bins(w store.Window, zone *time.Location, next step, layout string) []store.Bin {
	full := next(w.From.In(zone))
	all := make([]store.Bin, 0, max(w.To.Sub(w.From)/next(full).Sub(full), 0)+3) // a year has 8,760 hours
	for from := w.From.In(zone); from.Before(w.To); {
		to := next(from)
		all = append(all, store.Bin{Key: from.Format(layout), Window: store.Window{From: from, To: minTime(to, w.To)}})
		from = to
	}
	return all
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
