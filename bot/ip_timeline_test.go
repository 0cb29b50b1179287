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
				c, _ := d.commands.Reporter.timeline(bans, len(bans), time.Now()).(charts.SpanChart)
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
