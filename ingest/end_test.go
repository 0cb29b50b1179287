package ingest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/store"
	"friendlyfire/store/storetest"
)

// bannedAt returns who is banned at the moment, as jail and id of the address, and of how many bans it is unknown.
func bannedAt(t *testing.T, s *store.Store, moment time.Time) (banned []string, endless int64) {
	t.Helper()
	set := map[string]bool{}
	err := s.ActiveBans(t.Context(), []time.Time{moment}, func(b store.ActiveBan) {
		set[fmt.Sprint(b.Jail, " ", b.Address)] = true
	})
	if err != nil {
		t.Fatal(err)
	}
	if endless, err = s.Endless(t.Context(), store.Window{}); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(set)), endless
}

// logReader returns a reader of a log in a new directory, and a function that appends lines and reads them.
func logReader(t *testing.T) (r *Reader, read func(lines ...string)) {
	t.Helper()
	dir := t.TempDir()
	s := storetest.New(t, filepath.Join(dir, "friendlyfire.db"))
	path := filepath.Join(dir, "fail2ban.log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = &Reader{
		Store: s, Name: "web1", Source: Local{path}, Format: "log", Zone: time.UTC, MaxAge: time.Hour, Next: func() {},
	}
	return r, func(lines ...string) {
		t.Helper()
		appendTo(t, path, strings.Join(lines, "\n")+"\n")
		if err := r.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// said is a line of Fail2Ban.
func said(at time.Time, module, message string) string {
	return fmt.Sprintf("%s,001 %-24s[900]: NOTICE  %s", at.Format(time.DateTime), module, message)
}

// ten is long ago: what seems to be written now, in a wrong zone, would be shifted.
var ten = time.Date(2025, 11, 27, 10, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return ten.Add(time.Duration(n) * time.Minute) }

func TestALogTellsHowLongBansLast(t *testing.T) {
	const a = "198.51.100.4"
	type line struct {
		minute  int
		message string
	}
	ban, unban := "[sshd] Ban "+a, "[sshd] Unban "+a
	other := line{1, "[web] Unban 203.0.113.9"} // shows that the log tells of ends
	for name, c := range map[string]struct {
		lines []line
		// The minutes at which the address is banned, of the twenty that begin at ten; "?" is not known.
		want string
	}{
		"nothing is told": {[]line{{2, ban}}, "?"},
		"an end of another ban": {
			[]line{other, {2, ban}}, "--XXXXXXXXXXXXXXXXXX",
		},
		"an end of another ban, later": {
			[]line{{2, ban}, {5, "[web] Unban 203.0.113.9"}}, "--XXXXXXXXXXXXXXXXXX",
		},
		"the end": {[]line{{2, ban}, {12, unban}}, "--XXXXXXXXXX--------"},
		"at once": {[]line{{2, ban}, {2, unban}}, "--X-----------------"},
		"again": {
			[]line{{2, ban}, {4, unban}, {6, ban}, {8, unban}}, "--XX--XX------------",
		},
		"no end before the next": {
			[]line{other, {2, ban}, {6, ban}, {8, unban}}, "--XXXXXX------------",
		},
		"longer": {
			[]line{{2, ban}, {2, "[sshd] Increase Ban " + a + " (2 # 10m -> 2025-11-27 10:12:00)"}},
			"--XXXXXXXXXX--------",
		},
		"longer, before 1.0": {
			[]line{{2, ban}, {2, "[sshd] Increase Ban " + a + " (2 # 0:10:00 -> 2025-11-27 10:12:00)"}},
			"--XXXXXXXXXX--------",
		},
		"for ever": {
			[]line{{2, ban}, {2, "[sshd] Increase Ban " + a + " (2 # permanent -> infinite)"}}, "--XXXXXXXXXXXXXXXXXX",
		},
		"longer, and by hand shorter": {
			[]line{{2, ban}, {2, "[sshd] Increase Ban " + a + " (2 # 10m -> 2025-11-27 10:12:00)"}, {5, unban}},
			"--XXX---------------",
		},
		"a stop and a start": {
			[]line{
				{2, ban},
				{5, unban},
				{6, "Starting Fail2ban v1.0.2"},
				{6, "Creating new jail 'sshd'"},
				{7, "[sshd] Restore Ban " + a},
				{9, unban},
			},
			"--XXXXXXX-----------",
		},
		"a kill": {
			[]line{other, {2, ban}, {6, "Starting Fail2ban v1.0.2"}, {6, "Creating new jail 'sshd'"}},
			"--XXXX--------------",
		},
		"a kill, by a jail": {
			[]line{other, {2, ban}, {6, "Creating new jail 'web'"}, {8, "Creating new jail 'sshd'"}},
			"--XXXXXX------------",
		},
		"a kill, and still banned": {
			[]line{other, {2, ban}, {6, "Starting Fail2ban v1.0.2"}, {7, "[sshd] Restore Ban " + a}},
			"--XXXXXXXXXXXXXXXXXX",
		},
		"a kill, and only restored bans are logged": {
			[]line{other, {2, ban}, {15, "[sshd] Restore Ban 203.0.113.77"}}, "--XXXXXXXXXXXXX-----",
		},
		"two bans, their lines out of order": {
			[]line{{1, "[sshd] Ban 203.0.113.9"}, {11, "[sshd] Unban 203.0.113.9"}, {2, ban}, {12, unban}},
			"-XXXXXXXXXXX--------",
		},
		"before 0.10": {
			[]line{
				{2, ban},
				{5, "Stopping all jails"},
				{5, unban},
				{5, "Exiting Fail2ban"},
				{6, "Changed logging target to /var/log/fail2ban.log for Fail2ban v0.9.7"},
				{6, "Creating new jail 'sshd'"},
				{6, ban},
				{9, unban},
			},
			"--XXXXXXX-----------",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, atOnce := range []bool{true, false} {
				r, read := logReader(t)
				var lines []string
				for _, l := range c.lines {
					module := "fail2ban.actions"
					if !strings.HasPrefix(l.message, "[") {
						module = "fail2ban.server"
					}
					lines = append(lines, said(minute(l.minute), module, l.message))
				}
				if atOnce {
					read(lines...)
				} else {
					for _, l := range lines {
						read(l)
					}
				}
				got := ""
				for m := range 20 {
					if all, endless := bannedAt(t, r.Store, minute(m)); endless > 0 {
						got = "?"
					} else {
						got += []string{"-", "X"}[min(1, len(all))]
					}
				}
				if got != c.want {
					t.Errorf("read at once: %v, got %s, want %s", atOnce, got, c.want)
				}
			}
		})
	}
}

// simulated is a simple Fail2Ban: who is banned, and until when.
type simulated struct {
	dice   *rand.Rand
	now    time.Time
	banned map[string]time.Time // by "[jail] … address"
	log    []string
	whole  []string
}

func (f *simulated) say(module, message string) {
	l := said(f.now, module, message)
	f.log, f.whole = append(f.log, l), append(f.whole, l)
}

func (f *simulated) about(what, verb string) {
	jail, address, _ := strings.Cut(what, " ")
	f.say("fail2ban.actions", "["+jail+"] "+verb+" "+address)
}

// keys are those of the banned, in an order of their own.
func (f *simulated) keys() []string { return slices.Sorted(maps.Keys(f.banned)) }

// start starts Fail2Ban, which restores what is not over.
func (f *simulated) start() {
	f.now = f.now.Add(time.Duration(1+f.dice.IntN(3600)) * time.Second)
	f.say("fail2ban.server", "Starting Fail2ban v1.0.2")
	for _, jail := range []string{"sshd", "web"} {
		f.say("fail2ban.jail", "Creating new jail '"+jail+"'")
	}
	for _, what := range f.keys() {
		if f.banned[what].After(f.now) {
			f.about(what, "Restore Ban")
		} else {
			delete(f.banned, what)
		}
	}
}

// live lets time go by, and something happen.
func (f *simulated) live() {
	f.now = f.now.Add(time.Duration(1+f.dice.IntN(300)) * time.Second)
	for _, what := range f.keys() {
		if !f.banned[what].After(f.now) {
			f.about(what, "Unban")
			delete(f.banned, what)
		}
	}
	all := f.keys()
	switch roll := f.dice.IntN(60); {
	case roll == 0: // it is stopped
		for _, what := range all {
			f.about(what, "Unban")
		}
		f.start()
	case roll == 1: // it is killed
		f.start()
	case roll < 6 && len(all) > 0: // by hand
		what := all[f.dice.IntN(len(all))]
		f.about(what, "Unban")
		delete(f.banned, what)
	default:
		what := fmt.Sprintf("%s 203.0.113.%d", []string{"sshd", "web"}[f.dice.IntN(2)], f.dice.IntN(30))
		if _, banned := f.banned[what]; banned {
			return
		}
		length := time.Duration(1+f.dice.IntN(5)) * time.Hour
		f.about(what, "Ban")
		if f.dice.IntN(3) == 0 {
			length *= 7
			jail, address, _ := strings.Cut(what, " ")
			f.say("fail2ban.observer", fmt.Sprintf("[%s] Increase Ban %s (%d # %s -> %s)", jail, address, 2,
				length.String(), f.now.Add(length).Format(time.DateTime)))
		}
		f.banned[what] = f.now.Add(length)
	}
}

// Whatever happens to Fail2Ban and to its log, at any moment as many are banned as by the simple model.
func TestWhoIsBannedIsWhoFail2BanBans(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	r, read := logReader(t)
	path := r.Source.(Local).Path
	f := &simulated{dice: dice, now: ten, banned: map[string]time.Time{}}
	f.start()
	history := map[time.Time][]string{}
	check := func(at time.Time, want []string) {
		t.Helper()
		got, endless := bannedAt(t, r.Store, at)
		want = slices.Clone(want)
		for i, what := range want {
			jail, address, _ := strings.Cut(what, " ")
			known, err := r.Store.Known(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			want[i] = fmt.Sprint(jail, " ", known.ID)
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" || endless > 0 {
			t.Fatalf("%s: %d banned, %d unknown (-want +got):\n%s", at, len(got), endless, diff)
		}
	}
	for n := range 60 {
		for range 1 + dice.IntN(40) {
			f.live()
		}
		read(f.log...)
		f.log = nil
		if strings.Contains(strings.Join(f.whole, "\n"), "Unban") {
			history[f.now] = f.keys()
			check(f.now, f.keys())
		}
		if n%20 == 19 { // as an editor saves it: another file with all lines and one more
			f.live()
			text := strings.Join(f.whole, "\n") + "\n"
			if err := os.WriteFile(path, []byte("# edited\n"+text), 0o600); err != nil {
				t.Fatal(err)
			}
			f.log = nil
			read(said(f.now, "fail2ban.filter", "[sshd] Found 203.0.113.1"))
			check(f.now, f.keys())
		}
	}
	for at, want := range history {
		check(at, want)
	}
}
