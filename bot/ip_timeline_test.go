package bot

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
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
			"198.51.100.7 was banned twice",
			[]string{"dovecot 2h0m0s", "sshd 1m0s"},
		},
		"still": {
			[]func(*store.Ban){lasting("sshd", 60), lasting("sshd", 86_400), lasting("recidive", -1), lasting("sshd", 0)},
			"198.51.100.7 was banned 4 times",
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
				c, _ := d.commands.Reporter.timeline(past{bans: bans, all: len(bans), verdict: evidence.Verdict{Who: evidence.Unclear}}, time.Now())
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
		if c, _ := r.timeline(past{bans: bans, all: 2, logins: logins, verdict: evidence.Verdict{Who: evidence.Unclear}}, time.Now()); len(c.Logins) != 2 {
			t.Errorf("the picture has logins %v", c.Logins)
		}
		if m := d.types(ann, "/ip 198.51.100.7"); !strings.Contains(m.Fallback, "logins") {
			t.Errorf("in letters: %s", m.Fallback)
		}
	})
}

// The picture is headed by the verdict, or by how often the address was banned where nothing tells who it was.
func TestATimelineIsHeadedByTheVerdict(t *testing.T) {
	person := tries("jdupont", "jdupont", "jdupont", "jdupont", "jdupont")
	for name, tc := range map[string]struct {
		lines func(*store.Ban)
		title string
		why   string // the first line beneath
	}{
		"person":   {person, "198.51.100.7 looks like a person", "Only jdupont"},
		"attacker": {tries("-oracle", "-admin", "-test", "-git", "root"), "198.51.100.7 looks like an attacker", ""},
		"unclear":  {tries("web"), "198.51.100.7: a person or an attacker?", ""},
		"none":     {by("sshd"), "198.51.100.7 was banned twice", "Fri 31 Dec 21:00 to Sat 1 Jan 01:00"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.ban("198.51.100.7", "BE", tc.lines, ago(4*time.Hour))
				d.ban("198.51.100.7", "BE", tc.lines)
				m := d.types(ann, "/ip 198.51.100.7")
				head := strings.SplitN(m.Fallback, "\n", 3)
				if m.Photo == nil || head[0] != tc.title || !strings.HasPrefix(head[1], tc.why) {
					t.Errorf("headed %q, want %q and %q", head[:2], tc.title, tc.why)
				}
			})
		})
	}
}

// The failures are those whose moments the database knows, of lines or of the pace, each once. What it does not know is
// neither drawn nor counted as known.
func TestATimelineCountsTheFailuresWhoseTimesAreKnown(t *testing.T) {
	const password = " web1 sshd[812]: Failed password for jdupont from 198.51.100.7 port 51234 ssh2\n"
	lines := func(n int) func(*store.Ban) {
		return func(b *store.Ban) {
			b.Failures, b.Matches = n, ""
			for i := range n {
				b.Matches += b.Time.Add(time.Duration(i-n)*time.Minute).Format("Jan _2 15:04:05") + password
			}
		}
	}
	pace := func(n int, pace string) func(*store.Ban) {
		return func(b *store.Ban) { b.Failures, b.Pace = n, pace }
	}
	counted := func(n int) func(*store.Ban) { return pace(n, "") }
	for name, tc := range map[string]struct {
		bans  []func(*store.Ban) // an hour apart, newest first
		want  string
		ticks int
	}{
		"lines":          {[]func(*store.Ban){lines(3), lines(4)}, "Banned twice, 7 failed passwords", 7},
		"pace":           {[]func(*store.Ban){pace(3, "60 20 40"), pace(2, "5 5")}, "Banned twice, 5 failures", 5},
		"long pace":      {[]func(*store.Ban){pace(30, "600 20 40"), pace(2, "5 5")}, "Banned twice, 6 of 32 failures", 6},
		"numbers":        {[]func(*store.Ban){counted(3), counted(5)}, "Banned twice\n", 0},
		"some unknown":   {[]func(*store.Ban){lines(3), counted(5)}, "Banned twice, 3 of 8 failed passwords", 3},
		"some uncounted": {[]func(*store.Ban){lines(3), counted(0)}, "Banned twice, at least 3 failed passwords", 3},
		"more than lines": {
			[]func(*store.Ban){lines(3), func(b *store.Ban) { lines(2)(b); b.Failures = 5 }},
			"Banned twice, 5 of 8 failed passwords", 5,
		},
		"bans are no passwords": {
			[]func(*store.Ban){lines(3), func(b *store.Ban) { pace(5, "60 20 20 20")(b); b.Jail = "recidive" }},
			"Banned twice, 3 failed passwords", 3,
		},
		"two jails count the same": {[]func(*store.Ban){lines(3), func(b *store.Ban) {
			b.Time = b.Time.Add(time.Hour)
			lines(3)(b)
			b.Jail = "sshd-slow"
		}, lines(2)}, "Banned 3 times, 5 failed passwords", 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				for i, change := range tc.bans {
					d.ban("198.51.100.7", "BE", ago(time.Duration(i)*time.Hour), change)
				}
				if m := d.types(ann, "/ip 198.51.100.7"); m.Photo == nil || !strings.Contains(m.Text.String(), tc.want) {
					t.Errorf("%q, want %q in it", m.Text, tc.want)
				}
				bans, err := d.store.BansOf(t.Context(), "198.51.100.7", timelineBans)
				if err != nil {
					t.Fatal(err)
				}
				ticks := 0
				c, _ := d.commands.Reporter.timeline(past{bans: bans, all: len(bans), verdict: evidence.Verdict{Who: evidence.Unclear}}, time.Now())
				for _, s := range c.Spans {
					ticks += len(s.Failed)
					for _, at := range s.Failed {
						if before := s.From.Sub(at); before < 0 || before > 15*time.Minute {
							t.Errorf("a failure %v before its ban", before)
						}
					}
				}
				if ticks != tc.ticks {
					t.Errorf("%d ticks, want %d", ticks, tc.ticks)
				}
			})
		})
	}
}
