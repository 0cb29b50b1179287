package charts

import (
	"strings"
	"testing"
	"time"
)

// someSpans are the bans of a person, who has logged in before, on Saturday the 28th of November 2026 at 15:20.
func someSpans() SpanChart {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
	failed := func(before time.Time) (all []time.Time) {
		for i := range 3 {
			all = append(all, before.Add(-time.Duration(2*i*i)*time.Minute))
		}
		return all
	}
	c := SpanChart{
		Head: Head{
			Title:    "81.240.8.9 looks like a person",
			Subtitle: "Only jdupont, who exists · logged in from here 4 days before\nBelgium · Proximus (AS5432), 81.240.0.0/13 · times are UTC",
		},
		FailedLabel: "9 failed passwords", Friends: true, Now: at(28, 15, 20),
	}
	for _, from := range []time.Time{at(18, 8, 0), at(28, 13, 40), at(28, 15, 4)} {
		until := from.Add(time.Hour)
		c.Spans = append(c.Spans, Span{From: from, Until: until, Name: "sshd", Holding: until.After(c.Now), Failed: failed(from)})
	}
	for _, day := range []int{-1, 2, 5, 9, 12, 16, 18, 19, 23} {
		c.Logins = append(c.Logins, at(day, 9, 30))
	}
	return c
}

// spansGallery are timelines of a person, an attacker, and others.
func spansGallery() map[string]figure {
	dark, before, day, lone := someSpans(), someSpans(), someSpans(), someSpans()
	dark.Theme = Dark()
	before.Now = before.Now.AddDate(0, 2, 3)
	day.Theme = Dark()
	day.Spans, day.Logins = day.Spans[1:], []time.Time{day.Now.Add(-5 * time.Hour)}
	day.Spans = append(day.Spans, Span{From: day.Now.Add(-100 * time.Minute), Name: "recidive", Holding: true})
	lone.Spans = lone.Spans[:1]
	for i := range lone.Spans {
		lone.Spans[i].Failed = nil
	}
	lone.Logins, lone.Friends, lone.Title = nil, false, "2001:db8:1234:5678:9abc:def0:1234:5678 may be a person or an attacker"
	attacker := SpanChart{
		Head: Head{
			Title:    "2001:db8:1234:5678:9abc:def0:1234:5678 looks like an attacker, whose name is rather long",
			Subtitle: "5 names that do not exist\nFrance · times are CET",
		},
		Label: "200 of 1\u202f312 bans", FailedLabel: "at least 1\u202f024 failed passwords", Now: someSpans().Now, Theme: Dark(),
		Logins: someSpans().Logins,
	}
	for i := range 200 {
		from := attacker.Now.Add(-time.Duration(i*i) * time.Hour)
		attacker.Spans = append(attacker.Spans, Span{
			From: from, Until: from.Add(time.Hour), Name: jails[i%11], Holding: i == 0,
			Failed: []time.Time{from, from.Add(-time.Minute)},
		})
	}
	jailed := someSpans()
	for i := range 5 {
		from := jailed.Now.Add(-time.Duration(7*i*i+2) * time.Hour)
		jailed.Spans = append(jailed.Spans, Span{From: from, Until: from.Add(7 * 24 * time.Hour), Name: jails[1+i%3], Holding: true})
	}
	return map[string]figure{
		"spans": someSpans(), "spans-dark": dark, "spans-before": before, "spans-day": day, "spans-lone": lone,
		"spans-many": attacker, "spans-jails": jailed,
	}
}

// Enlarged is today if something happened today, else the last day on which something did. What all happened on one day
// is shown but once.
func TestTheDayOfATimelineIsEnlarged(t *testing.T) {
	now := someSpans().Now
	before, login, lone, tomorrow := someSpans(), someSpans(), someSpans(), someSpans()
	before.Now = now.Add(12 * time.Hour)
	login.Now = now.Add(30 * time.Hour)
	login.Logins = append(login.Logins, login.Now.Add(-time.Hour))
	lone.Spans, lone.Logins = lone.Spans[1:], nil
	tomorrow.Spans[2].Until = now.Add(48 * time.Hour)
	old := someSpans()
	old.Now = now.AddDate(1, 0, 0)
	endless := someSpans()
	endless.Spans[2].Until = time.Time{}
	for name, test := range map[string]struct {
		chart SpanChart
		want  []string
	}{
		"today":       {someSpans(), []string{"Today, Sat 28 Nov", "13:40 to 14:40", "15:04 to 16:04"}},
		"yesterday":   {before, []string{"Sat 28 Nov", "13:40 to 14:40", "15:04 to 16:04"}},
		"a login":     {login, []string{"Today, Sun 29 Nov"}},
		"on one day":  {lone, []string{"Today, Sat 28 Nov", "13:40 to 14:40", "15:04 to 16:04"}},
		"ends later":  {tomorrow, []string{"15:04 to Mon 30 Nov"}},
		"last year":   {old, []string{"28 Nov 2026", "13:40 to 14:40"}},
		"never ends":  {endless, []string{"from 15:04, permanent"}},
		"several":     {spansGallery()["spans-jails"].(SpanChart), []string{"sshd 15:04 to 16:04", "dovecot since Fri 27 Nov"}},
		"legend":      {someSpans(), []string{"3 bans", "still banned", "9 failed passwords", "9 logins"}},
		"of one time": {SpanChart{Now: now, Spans: []Span{{From: now, Name: "sshd"}}}, []string{"Today, Sat 28 Nov", "15:20", "1 ban"}},
	} {
		svg, err := test.chart.SVG()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(string(svg), ">"+want+"<") {
				t.Errorf("%s: %q is missing", name, want)
			}
		}
		if month := strings.Contains(string(svg), ">Mon 16 Nov<"); month && name == "on one day" || !month && name == "today" {
			t.Errorf("%s: the month is shown: %v", name, month)
		}
	}
}

// Ticks are in ink under the line, where their time is; what is not known has none, and no place in the legend.
func TestFailuresAreTicksUnderTheLine(t *testing.T) {
	c := someSpans()
	c.Spans, c.Logins = c.Spans[1:], nil
	d, ink := c.day(), Light().ink
	img := picture(t, c)
	p := plot{x0: margin + dayMargin, x1: Width - margin - dayMargin, from: d.from, to: d.to}
	y := c.lay(c.legend(Light())...).bottom() + 24 + d.line() + 10
	for _, at := range c.failed() {
		if !same(img.At(p.x(at), y), ink) {
			t.Errorf("no tick at %v", at)
		}
	}
	for i := range c.Spans {
		c.Spans[i].Failed = nil
	}
	if svg, err := c.SVG(); err != nil || strings.Contains(string(svg), "failed") {
		t.Errorf("the legend names failures: %v", err)
	}
}

func TestATimelineInLettersSaysItAll(t *testing.T) {
	text := someSpans().Text(120)
	for _, want := range []string{"4 days before · Belgium", "logins ", "failures ", "sshd "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
