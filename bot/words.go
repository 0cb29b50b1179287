package bot

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
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

// Alert tells of one friendly ban: what a person needs to decide at three in the morning, first things first.
// Context is a line on what else its jail does; "" is none.
func (w Words) Alert(g store.EnrichedBan, context string) msg.Text {
	t := msg.Text{
		{Text: w.headline(g)},
		{Text: w.address(g.Address), Style: msg.Code},
		{Text: "\n" + w.where(g.Ban) + ", " + w.at(g)},
	}
	if s := punishment(g.Ban); s != "" {
		t = append(t, msg.Run{Text: "\n" + s})
	}
	if g.Network != "" {
		t = append(append(t, msg.Run{Text: "\n"}), w.network(g)...)
	}
	if s := opinions(g); s != "" {
		t = append(t, msg.Run{Text: "\n" + s})
	}
	if g.Before > 0 {
		t = append(t, msg.Run{Text: fmt.Sprintf("\nBanned %s before, last on %s", times(g.Before), g.LastBefore.In(w.zone(g.Source)).Format("Mon 2 Jan 15:04"))})
	}
	if context != "" {
		t = append(t, msg.Run{Text: "\n" + context})
	}
	if line := lastLine(g.Matches); line != "" {
		t = append(t, msg.Run{Text: "\nLog: "}, msg.Run{Text: w.foreign(line, g.Address), Style: msg.Code})
	}
	return append(t, w.unban(g.Ban)...)
}

// Brief is an alert where so many wait that only the most important is said: who, by which rule, when.
func (w Words) Brief(g store.EnrichedBan, now time.Time) msg.Text {
	return msg.Text{
		{Text: w.headline(g)},
		{Text: w.address(g.Address), Style: msg.Code},
		{Text: "\n" + w.where(g.Ban) + ", " + w.moment(g.Time, now)},
	}
}

func (w Words) headline(g store.EnrichedBan) string {
	for _, c := range []store.Country{g.Country, g.Table} {
		if c != "" && slices.Contains(w.Friends.Countries, c) {
			return c.Flag() + " " + c.Name() + " banned: "
		}
	}
	return "🤝 Friendly network banned: "
}

// where says which rule on which server.
func (w Words) where(b store.Ban) string {
	return cmp.Or(b.Jail, "unnamed jail") + " on " + b.Source
}

// at is the ban's own local time, with its zone.
func (w Words) at(g store.EnrichedBan) string {
	return g.Time.In(w.zone(g.Source)).Format("Mon 2 Jan 15:04:05 MST")
}

func (w Words) zone(source string) *time.Location { return cmp.Or(w.Zones[source], w.Zone) }

func punishment(b store.Ban) string {
	var parts []string
	if b.Failures > 0 {
		parts = append(parts, plural(b.Failures, "failure"))
	}
	switch {
	case b.BanTime < 0:
		parts = append(parts, "banned for ever")
	case b.BanTime > 0:
		parts = append(parts, "banned for "+humanDuration(time.Duration(b.BanTime)*time.Second))
	}
	return strings.Join(parts, ", ")
}

// opinions says what table and whois each hold, when they differ or one is silent.
func opinions(g store.EnrichedBan) string {
	if !g.Public {
		return ""
	}
	whois := g.Whois.Name()
	switch {
	case g.Answered && g.Whois == g.Table:
		return ""
	case !g.Answered && !g.Asked:
		whois = "not asked yet"
	case !g.Answered:
		whois = "no answer yet"
	}
	return "Table: " + g.Table.Name() + "; whois: " + whois
}

// Unban is the command that lifts the ban, to be typed on its server.
func Unban(b store.Ban) string {
	if b.Jail == "" {
		return "fail2ban-client unban " + quote(b.Address)
	}
	return "fail2ban-client set " + quote(b.Jail) + " unbanip " + quote(b.Address)
}

// quote makes s one word to a shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._:/-@", r)
	}
	if s != "" && s[0] != '-' && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// History summarises bans that are too old to be news.
func (w Words) History(h store.History, now time.Time) msg.Text {
	t := msg.Text{{Text: "Imported " + plural(h.Bans, "ban"), Style: msg.Bold}, {Text: " of " + w.dates(h.From, h.To, now)}}
	if len(h.Sources) > 1 {
		t = append(t, msg.Run{Text: " from " + list(h.Sources)})
	}
	if h.Friendly == 0 {
		return append(t, msg.Run{Text: "; none of friendly countries."})
	}
	return append(t, msg.Run{Text: "; " + number(h.Friendly) + " of friendly countries. Too old for alerts of their own: /friends all lists them."})
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

// line tells of a ban in one line of a list.
func (w Words) line(g store.EnrichedBan, layout string) msg.Text {
	country := strings.TrimSpace(g.Country.Flag() + " " + string(g.Country))
	return msg.Text{
		{Text: g.Time.In(w.Zone).Format(layout) + "  " + strings.TrimSpace(country+" ")},
		{Text: " "},
		{Text: w.address(g.Address), Style: msg.Code},
		{Text: "  " + w.where(g.Ban)},
	}
}

func lastLine(matches string) string {
	lines := strings.Split(strings.TrimSpace(matches), "\n")
	return store.Clean(lines[len(lines)-1], 300)
}

// humanDuration is a duration in its two largest units: "1 day 2 h".
func humanDuration(d time.Duration) string {
	seconds := int64(d / time.Second)
	units := []struct {
		seconds    int64
		one, other string
	}{{86_400, " day", " days"}, {3600, " h", " h"}, {60, " min", " min"}, {1, " s", " s"}}
	for i, u := range units {
		n := seconds / u.seconds
		if n == 0 {
			continue
		}
		s := number(n) + map[bool]string{true: u.one, false: u.other}[n == 1]
		if i+1 < len(units) {
			next := units[i+1]
			if rest := seconds % u.seconds / next.seconds; rest > 0 {
				s += " " + number(rest) + map[bool]string{true: next.one, false: next.other}[rest == 1]
			}
		}
		return s
	}
	return "0 s"
}

// number groups the digits: 12,345.
func number[T ~int | ~int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is "1 ban", "2 bans".
func plural[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		return number(n) + " " + noun + "es"
	}
	return number(n) + " " + noun + "s"
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return number(n) + " times"
}

// list is "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(slices.Clone(words)[:last], ", ") + " and " + words[last]
}

// percent is part of whole to one decimal, as the charts have it.
func percent(part, whole int64) string {
	if whole == 0 || part == 0 {
		return "0%"
	}
	return strings.Replace(fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole)), "100.0%", "100%", 1)
}

// change is by how much now is more or less than before: "+12%", "−3%", "no change".
func change(now, before int64) string {
	switch p := 100 * (float64(now) - float64(before)) / float64(before); {
	case now == before:
		return "no change"
	case p >= 1000:
		return fmt.Sprintf("%.0f times as many", float64(now)/float64(before))
	case p > 0:
		return fmt.Sprintf("+%.0f%%", p)
	default:
		return fmt.Sprintf("−%.0f%%", -p)
	}
}

// length is how long a period is.
func length(since string) string {
	return map[string]string{"24h": "24 hours", "7d": "7 days", "30d": "30 days"}[since]
}

// period is a report's window: "7 days to Sun 22 Nov 2026 14:05 CET".
func (w Words) period(rep Report) string {
	from, to := rep.Window.From.In(w.Zone), rep.Window.To.In(w.Zone).Add(-time.Second)
	switch {
	case rep.Window.From.IsZero():
		return "No bans yet"
	case rep.Since == "":
		return from.Format("Mon 2 Jan 2006 (MST)")
	case rep.Since == "all" && from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return to.Format("2 Jan 2006 (MST)")
	case rep.Since == "all":
		return from.Format("2 Jan 2006") + " to " + to.Format("2 Jan 2006 (MST)")
	}
	return length(rep.Since) + " to " + to.Format("Mon 2 Jan 2006 15:04 MST")
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

// moment is a time as short as it can be told: "05:12", "Sat 21 Nov 05:12", "21 Nov 2025".
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
