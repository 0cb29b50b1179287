package bot

import (
	"cmp"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Words puts facts into sentences.
type Words struct {
	Zone    *time.Location            // of digests, reports, and sources without a zone of their own
	Zones   map[string]*time.Location // of sources
	Friends store.Friends
	Mask    bool // show networks (/24, /48) in place of addresses
}

// headed is a text that begins in bold.
func headed(bold, rest string) msg.Text { return msg.Text{{Text: bold, Style: msg.Bold}, {Text: rest}} }

// where says which rule banned, and on which server.
func (w Words) where(b store.Ban) string {
	return cmp.Or(b.Jail, "unnamed jail") + " on " + b.Source
}

// at is the ban's own local time, with its zone.
func (w Words) at(g store.EnrichedBan) string {
	return g.Time.In(w.zone(g.Source)).Format("Mon 2 Jan 15:04:05 MST")
}

func (w Words) zone(source string) *time.Location { return cmp.Or(w.Zones[source], w.Zone) }

// History summarises bans that are too old to be news.
func (w Words) History(h store.History, now time.Time) msg.Text {
	t := headed("Imported "+plural(h.Bans, "ban"), " of "+w.dates(h.From, h.To, now))
	if len(h.Sources) > 1 {
		t = append(t, msg.Run{Text: " from " + list(h.Sources)})
	}
	if h.Friendly == 0 {
		return append(t, msg.Run{Text: "; none of friendly countries."})
	}
	return append(t, msg.Run{Text: "; " + number(h.Friendly) + " of friendly countries. " +
		"Too old for alerts of their own: /friends all lists them."})
}

// dates is "2024-11-22 to today", in the reader's zone.
func (w Words) dates(from, to, now time.Time) string {
	day := func(t time.Time) string {
		d := t.In(w.Zone).Format(time.DateOnly)
		if d == now.In(w.Zone).Format(time.DateOnly) {
			return "today"
		}
		return d
	}
	if day(from) == day(to) {
		return day(from)
	}
	return day(from) + " to " + day(to)
}

// line is a ban in one line of a list.
func (w Words) line(g store.EnrichedBan, layout string) msg.Text {
	country := strings.TrimSpace(g.Country.Flag() + " " + string(g.Country))
	return msg.Text{
		{Text: g.Time.In(w.Zone).Format(layout) + "  " + strings.TrimSpace(country+" ")},
		{Text: " "},
		{Text: w.address(g.Address), Style: msg.Code},
		{Text: "  " + w.where(g.Ban)},
	}
}

// period is a window in words: "7 days to Sun 22 Nov 2026 14:05 CET". One without a name is a day.
func (w Words) period(since string, window store.Window) string {
	from, to := window.From.In(w.Zone), window.To.In(w.Zone).Add(-time.Second)
	switch {
	case window.From.IsZero():
		return "No bans yet"
	case since == "week":
		return from.Format("Mon 2 Jan") + " to " + to.Format("Mon 2 Jan 2006 (MST)")
	case since == "":
		return from.Format("Mon 2 Jan 2006 (MST)")
	case since == "all" && from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return to.Format("2 Jan 2006 (MST)")
	case since == "all":
		return from.Format("2 Jan 2006") + " to " + to.Format("2 Jan 2006 (MST)")
	}
	return length(since) + " to " + to.Format("Mon 2 Jan 2006 15:04 MST")
}

// friends lists whom the configuration calls friendly.
func (w Words) friends() string {
	var names []string
	for _, c := range w.Friends.Countries {
		names = append(names, c.Name())
	}
	if n := len(w.Friends.Networks); n > 0 {
		names = append(names, plural(n, "network"))
	}
	if len(names) > 4 {
		names = append(names[:3:3], number(len(names)-3)+" others")
	}
	return cmp.Or(list(names), "nobody")
}

// moment is a time, no longer than it has to be: "05:12", "Sat 21 Nov 05:12", "21 Nov 2025".
func (w Words) moment(t, now time.Time) string {
	t, now = t.In(w.Zone), now.In(w.Zone)
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format("15:04")
	case now.Sub(t).Abs() < 300*24*time.Hour:
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("2 Jan 2006")
}
