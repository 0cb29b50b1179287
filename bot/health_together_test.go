package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// fleet makes the desk watch so many servers, named web001 and so on.
func (d *desk) fleet(n int) (names []string) {
	d.health.Sources = nil
	var found []Watched
	for i := range n {
		names = append(names, fmt.Sprintf("web%03d", i+1))
		found = append(found, Watched{Name: names[i], SilentAfter: 24 * time.Hour})
	}
	d.health.Found = func() []Watched { return found }
	return names
}

// hear lets each of the servers bring a line.
func (d *desk) hear(names ...string) {
	d.t.Helper()
	for _, name := range names {
		d.line++
		_, err := d.store.AddBans(d.t.Context(), store.Batch{
			Source: name, Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line}, Lines: 1, ReadAt: time.Now(),
			Others: map[string]int{"failure found": 1},
		})
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// watch lets the health checks look for so long, and returns what they told.
func (d *desk) watch(long time.Duration, meanwhile func(passed time.Duration)) (told []string) {
	d.t.Helper()
	d.sender.sent = nil
	for passed := time.Duration(0); passed <= long; passed += 20 * time.Second {
		if meanwhile != nil {
			meanwhile(passed)
		}
		if err := d.health.Step(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		if err := d.deliverer.Step(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
	}
	for _, text := range d.sender.texts() {
		told = append(told, strings.TrimSpace(text))
	}
	return told
}

// A rack that falls silent is one message that names ten and counts the others, and so is its return; who falls silent
// alone is named alone. Restarts of the bot in between change nothing.
func TestL04ASilentRackIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		names := d.fleet(100)
		d.hear(names...)
		rack, others := names[:40], names[40:]
		told := d.watch(4*time.Minute, func(passed time.Duration) { // the last lines of the rack are minutes apart
			d.hear(rack[int(passed/(20*time.Second))])
		})
		time.Sleep(23*time.Hour + 45*time.Minute)
		told = append(told, d.watch(time.Minute, func(time.Duration) { d.hear(others...) })...)
		if len(told) > 0 {
			t.Fatalf("told before anything was wrong: %q", told)
		}
		told = d.watch(30*time.Minute, func(passed time.Duration) {
			d.hear(others...)
			if passed == 13*time.Minute { // within what waits
				h := d.health // a restart
				d.health = &Health{
					Store: h.Store, Chats: h.Chats, Words: h.Words, Found: h.Found, Started: time.Now().Add(-time.Hour), Next: h.Next,
				}
			}
		})
		if len(told) != 1 || !strings.Contains(told[0], "🔴 40 servers are silent") ||
			!strings.Contains(told[0], "web001, web002") || !strings.Contains(told[0], "and 30 more") ||
			strings.Contains(told[0], "web011") {
			t.Errorf("told %q", told)
		}
		told = d.watch(10*time.Minute, func(time.Duration) { d.hear(others...) })
		if len(told) != 0 {
			t.Errorf("told again: %q", told)
		}
		told = d.watch(10*time.Minute, func(passed time.Duration) {
			d.hear(others...)
			if i := int(passed / (20 * time.Second)); i < 4 {
				d.hear(rack[10*i : 10*i+10]...)
			} else {
				d.hear(rack...)
			}
		})
		if len(told) != 1 || !strings.Contains(told[0], "🟢 40 servers are back, after 1 day") ||
			!strings.Contains(told[0], "and 30 more") {
			t.Errorf("told %q", told)
		}
		time.Sleep(23*time.Hour + 50*time.Minute)
		told = d.watch(20*time.Minute, func(time.Duration) { d.hear(names[1:]...) })
		if len(told) != 1 || !strings.Contains(told[0], "🔴 web001 is silent") {
			t.Errorf("told %q", told)
		}
	})
}

// While a stream is out of reach nobody knows whether its servers are silent: that is told of the stream alone, and not
// of them, also when it is back and they begin to say what they have.
func TestServersOfAStreamThatIsOutOfReachAreNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		names := d.fleet(20)
		found := d.health.Found()
		for i := range found {
			found[i].Stream = "fleet"
		}
		d.health.Found = func() []Watched { return append([]Watched{{Name: "fleet"}}, found...) }
		d.hear(names...)
		d.hear("fleet")
		d.watch(time.Minute, nil)
		state := func(reason string) {
			if err := d.store.SourceFailed(t.Context(), "fleet", reason, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		var told []string
		for range 10 { // for 30 hours
			told = append(told, d.watch(time.Minute, func(time.Duration) { state("no servers available for connection") })...)
			time.Sleep(3 * time.Hour)
		}
		told = append(told, d.watch(0, nil)...)
		state("")
		told = append(told, d.watch(time.Hour, func(passed time.Duration) {
			d.hear("fleet")
			if i := int(passed / (10 * time.Second)); i < len(names)-1 {
				d.hear(names[i : i+1]...)
			}
		})...)
		if len(told) < 3 || !strings.Contains(told[0], "🔴 fleet cannot be read") || !strings.Contains(told[1], "🟢 fleet can be read again") {
			t.Fatalf("told %q", told)
		}
		for _, text := range told[2:] { // half of them stay away
			if !strings.Contains(text, "10 servers are silent") || strings.Contains(text, "web001") || !strings.Contains(text, "web020") {
				t.Errorf("told %q", text)
			}
		}
	})
}

// Hosts whose files vanish together are told once, within two minutes, and once when they are back; other trouble at
// the same time is a message of its own.
func TestL04VanishedHostsAreToldOnceAndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		names := d.fleet(30)
		d.hear(names...)
		d.watch(2*time.Minute, nil)
		fail := func(reason string, names ...string) {
			for _, name := range names {
				if err := d.store.SourceFailed(t.Context(), name, reason, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
		}
		fail("no such file: /var/log/remote/x/fail2ban.log", names[:12]...)
		fail("stat /var/log/remote/web013/fail2ban.log: permission denied", names[12])
		told := d.watch(2*time.Minute, nil)
		if len(told) == 0 || !strings.Contains(told[0], "12 servers cannot be read") || !strings.Contains(told[0], "no such file") ||
			!strings.Contains(told[0], "and 2 more") {
			t.Errorf("told %q", told)
		}
		told = append(told, d.watch(30*time.Minute, nil)...)
		if len(told) != 2 || !strings.Contains(told[1], "web013 cannot be read") {
			t.Errorf("told %q", told)
		}
		fail("", names...)
		told = d.watch(30*time.Minute, nil)
		if len(told) != 1 || !strings.Contains(told[0], "13 servers can be read again") {
			t.Errorf("told %q", told)
		}
		fail("no such file: /x", names[0]) // and a moment is no trouble
		d.watch(time.Minute-20*time.Second, nil)
		fail("", names[0])
		if told := d.watch(30*time.Minute, nil); len(told) != 0 {
			t.Errorf("told %q", told)
		}
	})
}

// Of many servers, /status counts those that are well, and names those that are not.
func TestL04StatusCountsAFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		names := d.fleet(840)
		d.hear(names...)
		d.watch(time.Minute, nil)
		status := func() string {
			t.Helper()
			m, err := d.commands.status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return m.Text.String()
		}
		if s := status(); !strings.Contains(s, "840 servers, all well; no ban yet") || strings.Contains(s, "web001") {
			t.Errorf("status\n%s", s)
		}
		for _, name := range []string{names[0], names[6], names[11]} {
			if err := d.store.SourceFailed(t.Context(), name, "no such file: /x", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		d.watch(3*time.Minute, nil)
		if s := status(); !strings.Contains(s, "840 servers, 3 unwell: web001, web007 and web012; no ban yet") ||
			!strings.Contains(s, "web007: ") || strings.Contains(s, "web008") || len(strings.Split(s, "\n")) > 12 {
			t.Errorf("status\n%s", s)
		}
		for _, name := range names {
			if err := d.store.SourceFailed(t.Context(), name, "no such file: /x", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		d.watch(3*time.Minute, nil)
		s := status()
		if !strings.Contains(s, "840 unwell: web001, web002") || !strings.Contains(s, "and 830 more") || len(s) > 2000 {
			t.Errorf("status of %d bytes\n%s", len(s), s)
		}
	})
}

// What keeps a pattern from being read is told once, and once that it is over.
func TestL01APatternThatMatchesNothingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		problems := []PatternProblem{{Kind: "nothing"}}
		d.health.Patterns = func() []Pattern { return []Pattern{{"/var/log/remote/*/fail2ban.log", problems}} }
		told := d.watch(10*time.Minute, nil)
		if len(told) != 1 || !strings.Contains(told[0], "🔴 /var/log/remote/*/fail2ban.log: no file matches it") {
			t.Errorf("told %q", told)
		}
		problems = []PatternProblem{{"name", `"\x1b[2J" is no name`}, {"same name", "web1 of /a and /b, and 3 more"}}
		told = d.watch(10*time.Minute, nil)
		if all := strings.Join(told, "\n"); strings.Count(all, "🔴 /var/log/remote") != 2 ||
			strings.Count(all, "🟢 /var/log/remote/*/fail2ban.log, after 9 min: files match it again") != 1 {
			t.Errorf("told %q", told)
		}
		problems = nil
		if told = d.watch(10*time.Minute, nil); strings.Count(strings.Join(told, "\n"), "🟢 ") != 2 {
			t.Errorf("told %q", told)
		}
	})
}
