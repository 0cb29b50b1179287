package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// untilDigest sleeps to the next 08:00:30 in Brussels.
func untilDigest() {
	now := time.Now().In(brussels)
	at := time.Date(now.Year(), now.Month(), now.Day(), 8, 0, 30, 0, brussels)
	if !now.Before(at) {
		at = at.AddDate(0, 0, 1)
	}
	time.Sleep(at.Sub(now))
}

func (d *desk) digest() {
	d.t.Helper()
	if err := d.digester.Step(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.deliver()
}

func TestDigestComesOncePerDateAndOnQuietDaysToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.digest()
		d.said() // the time has not come
		untilDigest()
		d.digest()
		d.digest()
		d.said("Fri 31 Dec: 0 bans\nweb1: no ban yet; all sources healthy")
		if d.sender.sent[0].Photo != nil {
			t.Error("a picture of nothing")
		}
		time.Sleep(20 * time.Hour)
		d.ban("198.51.100.7", "BE")
		time.Sleep(30 * time.Hour) // asleep at the time of a digest: made up for, once, for the latest date
		d.digest()
		d.said("Fri 31 Dec", "Sun 2 Jan: 1 of 1 ban hit friends\n"+
			"🇧🇪 198.51.100.7, sshd on web1, 04:00\nCountries: Belgium 1\nAll by sshd\nweb1: last ban Sun 2 Jan 04:00 (30 h ago); all sources healthy",
			"Last week: 1 ban of 1 address")
		if d.sender.sent[1].Photo != nil {
			t.Error("a picture of one bar")
		}
	})
}

// A digest that a clock ahead has brought forward does not take the place of that day's own.
func TestR31DigestOfADayThatHasNotComeIsNotItsDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		untilDigest()
		early := notices(d.digester.Chats, "digest/2000-01-02", Body{Text: headed("early", "")}, time.Now())
		if _, err := d.store.Post(t.Context(), early...); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			d.digest()
			d.digest()
			time.Sleep(24 * time.Hour)
		}
		d.said("early\n\nFri 31 Dec: ", "Sat 1 Jan: ", "Sun 2 Jan: ")
	})
}

func TestDigestSetsTheDayBesideItsPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		untilDigest()
		for i := range 9 { // 1 ban on the first day, 2 on the second …
			for j := range i + 1 {
				d.ban("198.51.100.7", "CN", func(b *store.Ban) { b.Time = b.Time.Add(time.Duration(j) * time.Second) })
			}
			time.Sleep(24 * time.Hour)
		}
		bodies, err := d.digester.Compose(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		want := "Sun 9 Jan: 9 bans\nUsually 0 of 5\nCountries: China 9\nAll by sshd, usually 2 to 8\n"
		if got := bodies[0].Text.String(); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want it to begin with %q", got, want)
		}
	})
}

func TestDigestTellsOfEveryFriendlyBanAndStaysShort(t *testing.T) {
	tests := map[string]struct {
		address func(i int) string
		lines   int
		hit     string
	}{
		"in many networks": {func(i int) string { return fmt.Sprintf("2001:db8:%x::9abc:def0:1234:1", 0x1000+i) }, 60, ""},
		"in one network":   {func(i int) string { return fmt.Sprintf("2001:db8:1234:5678:9abc:def0:1234:%x", 0x1000+i) }, 1, ""},
		"of one address":   {func(int) string { return "198.51.100.7" }, 1, " (1 address)"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				untilDigest()
				for i := range 60 {
					d.ban(tc.address(i), "BE", ago(time.Duration(i)*time.Second))
				}
				time.Sleep(24 * time.Hour)
				bodies, err := d.digester.Compose(t.Context(), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				listed := 0
				for i, b := range bodies {
					text := b.Text.String()
					listed += strings.Count(text, "🇧🇪 ")
					if limit := map[bool]int{true: 1024, false: 2000}[i == 0]; len([]rune(text)) > limit {
						t.Errorf("message %d has %d characters, want %d at most", i+1, len([]rune(text)), limit)
					}
				}
				if listed != tc.lines || !strings.HasPrefix(bodies[0].Text.String(), "Sat 1 Jan: 60 of 60 bans hit friends"+tc.hit+"\n") {
					t.Errorf("%d lines of friendly bans, want %d:\n%s", listed, tc.lines, bodies[0].Text)
				}
			})
		})
	}
}

func TestDigestNamesAnAddressOnceAndHowOftenItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for day := range 9 {
			if day > 0 {
				d.ban("198.51.100.7", "BE")
			}
			time.Sleep(24 * time.Hour)
		}
		untilDigest()
		for i := range 10 {
			d.ban("198.51.100.7", "BE", ago(time.Duration(i)*time.Minute))
		}
		time.Sleep(24 * time.Hour)
		bodies, err := d.digester.Compose(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		const want = "\n🇧🇪 198.51.100.7 ×10, sshd on web1, 07:51–08:00: 18th ban in 8 days\n"
		if got := bodies[0].Text.String(); !strings.Contains(got, want) || strings.Count(got, "198.51.100.7") != 1 {
			t.Errorf("%q is not once in\n%s", want, got)
		}
	})
}

// A quiet day that is not usual is a warning, and rings; every other digest is silent.
func TestDigestOfAnUnusuallyQuietDayIsAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		untilDigest()
		for range 7 {
			for i := range 4 {
				d.ban("198.51.100.7", "CN", ago(time.Duration(i)*time.Minute))
			}
			time.Sleep(24 * time.Hour)
		}
		bodies, err := d.digester.Compose(t.Context(), time.Now())
		if err != nil || !bodies[0].Silent {
			t.Errorf("%+v, %v; want a digest that does not ring", bodies, err)
		}
		time.Sleep(24 * time.Hour)
		bodies, err = d.digester.Compose(t.Context(), time.Now())
		const want = "⚠ Sat 8 Jan: 0 bans, usually 4\nweb1: newest ban Fri 7 Jan 08:00; its file has not grown since\n" +
			"Does Fail2Ban run? On web1: systemctl status fail2ban"
		if err != nil || bodies[0].Silent || bodies[0].Text.String() != want {
			t.Errorf("%+v, %v; want %q, and that it rings", bodies, err, want)
		}
	})
}

// The warning says what is usual there, and whether it is bans or all lines that are missing.
func TestTheDigestOfAQuietDaySaysWhatMayBeWrong(t *testing.T) {
	for name, test := range map[string]struct {
		lines int // after the bans
		want  string
	}{
		"no line": {0, "; its file has not grown since\n"},
		"no bans": {5, "; last line read Sat 1 Jan 14:00\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.history(40, func(time.Time) bool { return true })
				d.ban("192.0.2.1", "CN")
				time.Sleep(13 * time.Hour)
				if test.lines > 0 {
					d.read(0, 0, map[string]int{"unban": test.lines})
				}
				time.Sleep(24 * time.Hour)
				untilDigest()
				bodies, err := d.digester.Compose(t.Context(), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				want := ", usually one an hour" + test.want + "Does Fail2Ban run? On web1: systemctl status fail2ban"
				if got := bodies[0].Text.String(); !strings.Contains(got, want) || strings.Contains(got, "healthy") {
					t.Errorf("no %q in\n%s", want, got)
				}
			})
		})
	}
}

// Of several addresses in a line, no verdict on one of them is told as that on all.
func TestTheDigestJudgesNoNetworkByOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		untilDigest()
		d.storm(60, func(i int, b *store.Ban) { mixed(i/30*2, b) })
		d.morning()
		text := d.sender.sent[0].Text.String()
		if !strings.Contains(text, " 60 addresses") || strings.Contains(text, ": probably") ||
			!strings.Contains(text, "\n30 friends look like people, 30 like attackers\n") {
			t.Errorf("said\n%s", text)
		}
	})
}

func TestSilenceOfASourceIsToldOnceAndItsEndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		look := func() {
			t.Helper()
			if err := d.health.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.step()
		}
		d.ban("198.51.100.7", "CN")
		look()
		d.said()
		time.Sleep(25 * time.Hour)
		look()
		look()
		d.said("🔴 web1 is silent: nothing for 25 h, last line read Sat 1 Jan 01:00")
		d.ban("198.51.100.8", "CN")
		look()
		look()
		d.said("web1 is silent", "🟢 web1 is back, after 1 day 1 h: last line read 02:00")
	})
}

func TestChatOutOfReachIsToldToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		other := store.Chat{Platform: "stone", ID: "2"}
		d.health.Chats = append(d.health.Chats, other)
		err := d.store.RecordAttempt(t.Context(), store.Attempt{
			Chat: other, At: time.Now(), Outcome: store.NotSent,
			Hold: 12_966 * time.Second, Held: store.Chat{Platform: "stone"},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := d.health.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.step()
		}
		d.said("🔴 stone 2 does not get my messages: its rate limit is used up; next try 04:36")
		time.Sleep(4 * time.Hour)
		if err := d.health.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.step()
		d.said("stone 2 does not get", "stone 2 gets my messages again")
	})
}

func TestSourceThatCannotBeReadIsToldOnceAndItsEndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		look := func() {
			t.Helper()
			if err := d.health.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.step()
		}
		d.ban("198.51.100.7", "CN")
		if err := d.store.SourceFailed(t.Context(), "web1", "permission denied", time.Now()); err != nil {
			t.Fatal(err)
		}
		look()
		d.said() // it may pass
		time.Sleep(2 * time.Minute)
		look()
		look()
		d.said("web1 cannot be read since 01:00: permission denied")
		if err := d.store.SourceFailed(t.Context(), "web1", "", time.Now()); err != nil {
			t.Fatal(err)
		}
		look()
		look()
		d.said("web1 cannot be read", "🟢 web1 can be read again, after 2 min: last line read 01:00")
	})
}

func TestTheDigestSaysWhomEachBanHit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE", trying("jdupont", "jdupont", "jdupont", "jdupont", "jdupont"))
		d.ban("198.51.100.8", "BE", trying("invalid user oracle", "invalid user admin", "invalid user test", "invalid user git"))
		d.ban("198.51.100.9", "BE")
		d.ban("198.51.100.10", "BE", trying("jdupont", "root"))
		untilDigest()
		d.morning()
		all := strings.Join(d.sender.texts(), "\n---\n")
		for _, want := range []string{
			"198.51.100.7, sshd on web1, 01:00: probably a person\n",
			"198.51.100.8, sshd on web1, 01:00: probably an attacker\n", "198.51.100.9, sshd on web1, 01:00\n",
			"198.51.100.10, sshd on web1, 01:00: unclear\n",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in\n%s", want, all)
			}
		}
	})
}

func TestADayWithoutBansRingsOnce(t *testing.T) {
	for name, told := range map[string]bool{"nobody has told it": false, "trouble was told": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.week(97)
				if told {
					d.failed("permission denied")
					time.Sleep(2 * time.Minute)
					d.look()
				}
				d.morning()
				first := d.sender.sent[0]
				if !strings.Contains(first.Text.String(), ": 0 bans, usually ") || first.Silent != told {
					t.Errorf("silent %v: %s", first.Silent, first.Text)
				}
			})
		})
	}
}
