package bot

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/store"
)

// An address that was banned more than once has a picture of when, by which jail, for how long, and what holds still.
func TestAnAddressHasATimelineOfItsBans(t *testing.T) {
	for name, tc := range map[string]struct {
		bans  []func(*store.Ban)
		title string // "": no picture
		spans []string
	}{
		"one ban": {[]func(*store.Ban){by("sshd")}, "", nil},
		"over": {
			[]func(*store.Ban){lasting("sshd", 60), lasting("dovecot", 7200)},
			"198.51.100.7: 2 bans",
			[]string{"dovecot 2h0m0s", "sshd 1m0s"},
		},
		"still": {
			[]func(*store.Ban){lasting("sshd", 60), lasting("sshd", 86_400), lasting("recidive", -1), lasting("sshd", 0)},
			"198.51.100.7: 4 bans, still banned",
			[]string{"recidive for ever, holding", "sshd 1m0s", "sshd 24h0m0s, holding", "sshd not known"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				for i, change := range tc.bans {
					d.ban("198.51.100.7", "BE", change, ago(time.Duration(3+i)*time.Hour))
				}
				m := d.commands.Answer(t.Context(), msg.Request{Text: "/ip 198.51.100.7"})
				if (m.Photo != nil) != (tc.title != "") || !strings.Contains(m.Fallback, tc.title) {
					t.Errorf("a picture: %v, in letters %q, want %q", m.Photo != nil, m.Fallback, tc.title)
				}
				bans, err := d.store.BansOf(t.Context(), "198.51.100.7", timelineBans)
				if err != nil {
					t.Fatal(err)
				}
				c, _ := d.commands.Reporter.timeline(bans, len(bans), nil, time.Now()).(charts.SpanChart)
				var got []string
				for _, s := range c.Spans {
					how := "not known"
					switch {
					case !s.Until.IsZero():
						how = s.Until.Sub(s.From).String()
					case s.Holding:
						how = "for ever"
					}
					if s.Holding {
						how += ", holding"
					}
					got = append(got, s.Name+" "+how)
				}
				if slices.Sort(got); !slices.Equal(got, tc.spans) {
					t.Errorf("spans %q, want %q", got, tc.spans)
				}
			})
		})
	}
}

// Where addresses are masked, no picture names one.
func TestS17ATimelineIsMasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.commands.Reporter.Words.Mask = true
		d.ban("198.51.100.7", "BE", ago(time.Hour))
		d.ban("198.51.100.7", "BE")
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/ip 198.51.100.7"})
		if all := m.Text.String() + m.Fallback; m.Photo == nil || strings.Contains(all, "198.51.100.7") {
			t.Errorf("%q holds the address", all)
		}
	})
}

// Logins from the address are among its bans, those of the month before them, too; no other's are.
func TestATimelineHasTheLoginsFromItsAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(100 * 24 * time.Hour)
		for _, hours := range []int{3, 50, 1000} { // the last is longer ago than a month before the first ban
			d.login("198.51.100.7", time.Duration(hours)*time.Hour)
		}
		d.login("198.51.100.8", time.Hour)
		d.ban("198.51.100.7", "BE", ago(40*time.Hour))
		d.ban("198.51.100.7", "BE")
		bans, err := d.store.BansOf(t.Context(), "198.51.100.7", timelineBans)
		if err != nil {
			t.Fatal(err)
		}
		r := d.commands.Reporter
		logins, err := r.loginsAround(t.Context(), bans, time.Now())
		if err != nil || len(logins) != 2 || time.Since(logins[0]) != 3*time.Hour {
			t.Errorf("logins %v, %v", logins, err)
		}
		if c, _ := r.timeline(bans, 2, logins, time.Now()).(charts.SpanChart); len(c.Logins) != 2 {
			t.Errorf("the picture has logins %v", c.Logins)
		}
		if m := d.types(ann, "/ip 198.51.100.7"); !strings.Contains(m.Fallback, "logins") {
			t.Errorf("in letters: %s", m.Fallback)
		}
	})
}
