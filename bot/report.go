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

// periods are in the order in which they are offered.
var periods = []string{"24h", "7d", "30d", "all"}

// Periods are how far back a report can look.
func Periods() []string { return slices.Clone(periods) }

// Report is the bans of a period, counted; by an active kind, the bans in force at the end of the period.
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

	kind     *kind
	names    map[string]string // of keys that are numbers; else nil
	detail   any               // what only the kind's own chart and highlights need; see detail
	drawable bool              // there is something to draw
}

// Row is the bans that share a key.
type Row struct {
	Key       string `json:"key"` // country code, jail, source, 2006-01-02, hour 00 to 23; "" is unknown
	Name      string `json:"name"`
	Bans      int64  `json:"bans"`
	Addresses int64  `json:"addresses"` // distinct ones, if the Reporter counts for Tables
	Friendly  int64  `json:"friendly"`  // bans of friendly addresses

	Change *Change `json:"change,omitempty"` // of a jail's rule, by strict; nil: none that was followed by more friendly bans
}

// Chart is a picture to be drawn: its kind, and its period.
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
	Judge *Judge // who judges the banned; nil: one that nobody else uses
	// AutoTheme says to draw with the theme that suits a platform, see For.
	AutoTheme bool
	// Tables says to count the addresses of each row, too. Charts do without, and take a fraction of the time.
	Tables bool
}

func (r *Reporter) judge() *Judge {
	if r.Judge != nil {
		return r.Judge
	}
	return &Judge{Store: r.Store, Words: r.Words}
}

// Report counts the bans of the period that ends now. since is one of Periods, by one of Kinds.
func (r *Reporter) Report(ctx context.Context, by, since string, now time.Time) (Report, error) {
	window, err := r.window(ctx, since, now)
	if err != nil {
		return Report{}, err
	}
	kind, err := kindOf(by)
	if err != nil {
		return Report{}, err
	}
	if kind.window != nil && !window.To.IsZero() {
		since, window = kind.name, kind.window(now, r.Words.Zone)
	}
	if kind.active && !window.To.IsZero() { // who is banned is a matter of now, not of the last ban
		window.To = maxTime(window.To, now.Truncate(time.Second).Add(time.Second))
	}
	return r.count(ctx, Chart{By: by, Since: since, From: window.From, To: window.To})
}

// window is the period that ends now, this second included. All time is from the day of the first ban to that of the
// last.
func (r *Reporter) window(ctx context.Context, since string, now time.Time) (store.Window, error) {
	end := now.Truncate(time.Second).Add(time.Second)
	switch since {
	case "24h":
		return store.Window{From: end.Add(-24 * time.Hour), To: end}, nil
	case "7d", "30d":
		days := map[string]int{"7d": 7, "30d": 30}[since]
		return store.Window{From: end.In(r.Words.Zone).AddDate(0, 0, -days), To: end}, nil
	case "all":
		all, err := r.Store.Span(ctx)
		if err != nil || all.From.IsZero() {
			return store.Window{}, err
		}
		first, last := all.From.In(r.Words.Zone), all.To.In(r.Words.Zone)
		from := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, r.Words.Zone)
		return store.Window{From: from, To: maxTime(last, minTime(day(last), end))}, nil
	}
	return store.Window{}, fmt.Errorf("period %q: want %s", since, strings.Join(periods, ", "))
}

// count counts what the chart is to show.
func (r *Reporter) count(ctx context.Context, c Chart) (Report, error) {
	kind, err := kindOf(c.By)
	if err != nil {
		return Report{}, err
	}
	rep := Report{
		By: c.By, Since: c.Since, Rows: []Row{}, Window: store.Window{From: c.From, To: c.To}, Before: -1, kind: kind,
	}
	if c.From.IsZero() { // nothing was ever banned
		return rep, nil
	}
	counts, err := kind.count(ctx, r, &rep)
	if err != nil {
		return rep, fmt.Errorf("count bans by %s: %w", c.By, err)
	}
	rep.Total, rep.Addresses, rep.Friendly = counts.Total.Bans, counts.Total.Addresses, counts.Total.Friendly
	for _, n := range counts.Rows {
		rep.Rows = append(rep.Rows, Row{
			Key: n.Key, Name: cmp.Or(rep.names[n.Key], kind.keyName(n.Key)), Bans: n.Bans, Addresses: n.Addresses,
			Friendly: n.Friendly, Change: changeOf(rep, n.Key),
		})
	}
	slices.SortStableFunc(rep.Rows, func(a, b Row) int { return cmp.Compare(b.Bans, a.Bans) })
	if rep.drawable = rep.Total > 0; kind.drawn != nil {
		rep.drawable = kind.drawn(rep)
	}
	if !kind.active {
		err = r.compare(ctx, &rep)
	}
	return rep, err
}

// scope is the window to count in. For all time it has no ends: the bans are the same, and none has to be looked at to
// see on which side of an end it lies.
func (rep *Report) scope() store.Window {
	if rep.Since == "all" {
		return store.Window{}
	}
	return rep.Window
}

// compare adds what helps to read the numbers: how many addresses were banned, what the sources cannot show, and how
// many bans there were in the period of the same length before, if the database reaches back that far.
func (r *Reporter) compare(ctx context.Context, rep *Report) (err error) {
	if rep.Addresses, err = r.Store.Addresses(ctx, rep.scope()); err != nil {
		return fmt.Errorf("count addresses: %w", err)
	}
	if rep.Caveat, err = caveat(ctx, r.Store); err != nil || rep.Since == "all" {
		return err
	}
	before, ok, err := r.before(ctx, rep)
	if err != nil || !ok {
		return err
	}
	total, err := r.Store.Totals(ctx, before)
	rep.Before = total.Bans
	return err
}

// before returns the period of the same length before the report's, and whether the database reaches back that far.
func (r *Reporter) before(ctx context.Context, rep *Report) (w store.Window, ok bool, err error) {
	if rep.Since == "all" {
		return w, false, nil
	}
	all, err := r.Store.Span(ctx)
	w = store.Window{From: rep.Window.From.Add(rep.Window.From.Sub(rep.Window.To)), To: rep.Window.From}
	return w, err == nil && !all.From.After(w.From), err
}
