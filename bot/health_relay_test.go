package bot

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// relayed keeps the bans of the servers between two moments, as read now from the relay web1: bans reports whether one
// has one in an hour. The relay has lines of other programs, too.
func (d *desk) relayed(servers []string, from, to time.Time, bans func(name string, at time.Time) bool) {
	d.t.Helper()
	d.line++
	b := store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line}, Lines: 1,
		Others: map[string]int{store.OtherFail2Ban: 1}, ReadAt: to, NewsSince: to,
	}
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		for _, name := range servers {
			if bans(name, at) {
				b.Bans = append(b.Bans, store.Ban{Source: name, Time: at, HasEpoch: true, Address: "192.0.2.1", Jail: "sshd"})
			}
		}
	}
	if _, err := d.store.AddBans(d.t.Context(), b); err != nil {
		d.t.Fatal(err)
	}
}

// past keeps the bans that the servers have had in the last days.
func (d *desk) past(servers []string, days int, bans func(name string, at time.Time) bool) {
	d.t.Helper()
	d.relayed(servers, time.Now().AddDate(0, 0, -days), time.Now(), bans)
}

// goOn lets hours pass, so many at a time, and returns what was told.
func (d *desk) goOn(hours, step int, servers []string, bans func(name string, at time.Time) bool) (told []string) {
	d.t.Helper()
	for range hours / step {
		from := time.Now()
		time.Sleep(time.Duration(step) * time.Hour)
		d.relayed(servers, from, time.Now(), bans)
		told = append(told, d.look()...)
		if len(d.health.together) > 0 { // it waits for more of its kind
			time.Sleep(time.Minute)
			told = append(told, d.look()...)
		}
	}
	return told
}

func serversOf(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("host%02d", i))
	}
	return names
}

func hourly(string, time.Time) bool { return true }

// A host that stops within the one file of many is told once, as a source is, is counted by /status, and its end is
// told.
func TestL06ASilentHostOfARelayIsToldOnceAndItsEndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Sources[0].SilentAfter = 0
		time.Sleep(time.Until(time.Date(2000, 5, 31, 23, 0, 0, 0, time.UTC)))
		all := serversOf(12)
		d.past(all, 40, hourly)
		if told := d.goOn(6, 3, all, hourly); len(told) > 0 {
			t.Fatalf("told %q of servers that are well", told)
		}
		if s := d.status(); !strings.Contains(s, "12 servers, all well; last ban 06:00 (1 h ago) on host00") {
			t.Errorf("status\n%s", s)
		}
		told := d.goOn(51, 3, all[1:], hourly)
		want := "🔴 host00: no ban for 25 h, usually one an hour\nNewest: Thu 1 Jun 06:00. On host00: systemctl status fail2ban"
		if len(told) != 1 || told[0] != want {
			t.Errorf("told\n%q, want\n%q", told, want)
		}
		if s := d.status(); !strings.Contains(s, "12 servers, 1 unwell: host00; last ban ") {
			t.Errorf("status\n%s", s)
		}
		if got := d.healthLine(); !strings.HasSuffix(got, "Trouble: host00 has had no ban for longer than usual") {
			t.Errorf("digest %q", got)
		}
		d.restart()
		if told := d.goOn(21, 3, all[1:], hourly); len(told) > 0 {
			t.Errorf("told again: %q", told)
		}
		told = d.goOn(3, 1, all, hourly)
		if len(told) != 1 || !strings.HasPrefix(told[0], "🟢 host00 has bans again, after 3 days") ||
			!strings.Contains(told[0], "1 ban since, none of a friend, last ban ") {
			t.Errorf("told %q", told)
		}
	})
}

// A rack that is heard through a relay is one message, and a server that was taken away is forgotten after a week.
func TestL06ASilentRackOfARelayIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Sources[0].SilentAfter = 0
		all := serversOf(60)
		d.past(all, 40, hourly)
		told := d.goOn(30, 3, all[40:], hourly)
		if len(told) != 1 || !strings.Contains(told[0], "🔴 40 servers have had no ban for longer than usual") ||
			!strings.Contains(told[0], "host00, host01") || !strings.Contains(told[0], "and 30 more") {
			t.Errorf("told %q", told)
		}
		if s := d.status(); !strings.Contains(s, "60 servers, 40 unwell: host00, host01") {
			t.Errorf("status\n%s", s)
		}
		if told := d.goOn(7*24, 6, all[39:], hourly); len(told) != 1 || !strings.Contains(told[0], "host39 has bans again") {
			t.Errorf("told %q", told)
		}
		if s := d.status(); !strings.Contains(s, "21 servers, all well; ") {
			t.Errorf("status\n%s", s)
		}
		if told := d.goOn(2, 1, all, hourly); len(told) != 1 || !strings.Contains(told[0], "39 servers have bans again") {
			t.Errorf("told %q", told)
		}
	})
}

// Where the relay itself falls silent, that is one trouble and not one of each of its servers.
func TestL06ARelayThatStopsIsOneTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Sources[0].SilentAfter = 0
		all := serversOf(20)
		seldom := func(name string, at time.Time) bool { // the newest ban of each is of another hour
			return (at.Hour()+int(name[len(name)-1]))%12 == 0
		}
		d.past(all, 60, seldom)
		d.goOn(24, 6, all, seldom)
		var told []string
		for range 5 * 24 / 2 {
			time.Sleep(2 * time.Hour)
			told = append(told, d.look()...)
		}
		if len(told) != 1 || !strings.HasPrefix(told[0], "🔴 web1: no ban for ") {
			t.Errorf("told %q", told)
		}
		told = d.goOn(24, 6, all, seldom)
		if len(told) != 1 || !strings.HasPrefix(told[0], "🟢 web1 has bans again") {
			t.Errorf("told %q", told)
		}
	})
}

// Servers that ban seldom, by chance, or in office hours alone, are not told of as long as nothing is wrong.
func TestL06ServersThatBanSeldomAreNotToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		dice := rand.New(rand.NewPCG(seed, 0))
		d := newDesk(t)
		d.health.Sources[0].SilentAfter = 0
		all := []string{"busy", "twice-a-week", "office", "weekly", "nightly"}
		rhythm := func(name string, at time.Time) bool {
			switch name {
			case "twice-a-week":
				return dice.IntN(84) == 0
			case "office":
				return at.Weekday() > 0 && at.Weekday() < 6 && at.Hour() > 8 && at.Hour() < 17
			case "weekly":
				return dice.IntN(168) == 0
			case "nightly":
				return at.Hour() < 5
			}
			return true
		}
		d.past(all, 100, rhythm)
		if told := d.goOn(60*24, 12, all, rhythm); len(told) > 0 {
			t.Errorf("told %q", told)
		}
	})
}
