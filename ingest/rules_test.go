package ingest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

// changed are the last changes of all rules: "sshd maxretry 5 to 3, 27 Nov 10:00".
func changed(t *testing.T, s *store.Store) (all []string) {
	t.Helper()
	changes, err := s.LastChanges(t.Context(), store.Window{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		all = append(all, fmt.Sprintf("%s %s %s %d to %d, %s", c.Source, c.Jail, c.Setting, c.Before, c.Value,
			c.At.UTC().Format("2 Jan 15:04")))
	}
	return all
}

// Promise: a rule that changes is known, with the time, in whatever words Fail2Ban says so.
func TestRulesThatChangeAreKnown(t *testing.T) {
	setUp := func(day int, begin, form, jail, end string, retry, find, ban int) string {
		var lines strings.Builder
		say := func(module, format string, values ...any) {
			fmt.Fprintf(&lines, "2026-11-%02d 10:00:00,120 %-24s[900]: INFO    %s\n", day, module, fmt.Sprintf(format, values...))
		}
		say("fail2ban.jail", begin+" '%s'", jail)
		say("fail2ban.jail", "Jail '%s' uses pyinotify {}", jail)
		say("fail2ban.filter", form, "maxRetry", retry)
		lines.WriteString("2026-11-01 10:00:00,120 fail2ban.filter         [900]: INFO    [web] Found 192.0.2.1 - 2026-11-01 10:00:00\n")
		say("fail2ban.filter", form, "findtime", find)
		say("fail2ban.actions", form, "banTime", ban)
		say("fail2ban.jail", "Jail '%s' "+end, jail)
		say("fail2ban.filter", form, "maxRetry", 99) // fail2ban-client set … maxretry: nobody knows of which jail
		return strings.TrimSuffix(lines.String(), "\n")
	}
	const old, now = "Set %s = %d", "  %s: %d"
	for name, test := range map[string]struct {
		lines []string
		want  string
	}{
		"at a start": {[]string{
			setUp(12, "Creating new jail", now, "sshd", "started", 5, 600, 600),
			setUp(27, "Creating new jail", now, "sshd", "started", 3, 600, -1),
		}, "web1 sshd bantime 600 to -1, 27 Nov 10:00; web1 sshd maxretry 5 to 3, 27 Nov 10:00"},
		"when the configuration is read again": {[]string{
			setUp(12, "Creating new jail", now, "sshd", "started", 5, 600, 600),
			setUp(27, "Reload jail", now, "sshd", "reloaded", 5, 3600, 600),
		}, "web1 sshd findtime 600 to 3600, 27 Nov 10:00"},
		"before 0.10": {[]string{
			setUp(12, "Creating new jail", old, "ssh", "started", 5, 600, 600),
			setUp(27, "Creating new jail", old, "ssh", "started", 3, 600, 600),
		}, "web1 ssh maxretry 5 to 3, 27 Nov 10:00"},
		"starts without a change": {[]string{
			setUp(10, "Creating new jail", now, "sshd", "started", 6, 600, 600),
			setUp(12, "Creating new jail", now, "sshd", "started", 5, 600, 600),
			setUp(27, "Creating new jail", now, "sshd", "started", 5, 600, 600),
		}, "web1 sshd maxretry 6 to 5, 12 Nov 10:00"},
		"another jail": {[]string{
			setUp(12, "Creating new jail", now, "sshd", "started", 5, 600, 600),
			setUp(27, "Creating new jail", now, "dovecot", "started", 3, 600, 600),
		}, ""},
		"a jail that is set up while another one is": {[]string{
			setUp(12, "Creating new jail", now, "sshd", "uses something", 5, 600, 600),
		}, ""},
		"fractions": {[]string{
			setUp(12, "Creating new jail", "  %s: %d.0", "sshd", "started", 5, 600, 600),
			setUp(27, "Creating new jail", now, "sshd", "started", 5, 900, 600),
		}, "web1 sshd findtime 600 to 900, 27 Nov 10:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, read := logReader(t)
			for _, lines := range test.lines {
				read(lines)
				r.log = nil // a restart
			}
			if got := strings.Join(changed(t, r.Store), "; "); got != test.want {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}

// Imported history tells of rules as well, in whatever order it is imported.
func TestRulesOfHistoryAreKnown(t *testing.T) {
	r, read := logReader(t)
	set := func(day, retry int) string {
		return fmt.Sprintf("2026-11-%02d 10:00:00,1 fail2ban.jail [1]: INFO Creating new jail 'sshd'\n"+
			"2026-11-%02[1]d 10:00:00,1 fail2ban.filter [1]: INFO maxRetry: %[2]d\n"+
			"2026-11-%02[1]d 10:00:01,1 fail2ban.filter [1]: INFO [sshd] Found 192.0.2.1 - 2026-11-%02[1]d 10:00:01\n"+
			"2026-11-%02[1]d 10:00:02,1 fail2ban.actions [1]: NOTICE [sshd] Ban 192.0.2.1\n", day, retry)
	}
	read(set(20, 3))
	old := t.TempDir() + "/fail2ban.log.1"
	if err := os.WriteFile(old, []byte(set(5, 5)+set(10, 5)), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := Named(t.Context(), []string{old})
	if err != nil {
		t.Fatal(err)
	}
	done, err := (&Importer{Store: r.Store, Name: "web1", Source: Local{}, Zone: time.UTC}).Import(t.Context(), files)
	if err != nil || done.New != 2 {
		t.Fatal(done, err)
	}
	if got, want := strings.Join(changed(t, r.Store), "; "), "web1 sshd maxretry 5 to 3, 20 Nov 10:00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if bans, err := r.Store.BansOf(t.Context(), "192.0.2.1", 9); err != nil || len(bans) != 3 || bans[2].Failures != 1 {
		t.Errorf("%+v, %v", bans, err)
	}
}

// What a real Fail2Ban writes is understood: its rules, their change, and the failures of a ban.
func TestARealFail2BanTellsRulesAndFailures(t *testing.T) {
	t.Parallel()
	f := newFail2Ban(t)
	f.start()
	f.attack(1, 2)
	rules, err := os.ReadFile(f.in("etc/jail.local"))
	f.must(err)
	f.write(f.in("etc/jail.local"), strings.Replace(string(rules), "[sshd-again]", "maxretry = 4\nfindtime = 20m\n[sshd-again]", 1))
	time.Sleep(time.Second) // so that the change has a time of its own
	f.must(f.client("reload"))
	r := &Reader{
		Store: f.store, Name: "web2", Source: Local{f.in("fail2ban.log")}, Format: "auto", Zone: time.Local,
		MaxAge: time.Hour, Next: func() {},
	}
	var got []string
	f.wait("the rules", func() bool {
		f.must(r.Step(t.Context()))
		got = changed(t, f.store)
		return len(got) == 2
	})
	for i, want := range []string{"web2 sshd findtime 600 to 1200, ", "web2 sshd maxretry 3 to 4, "} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("got %q, want %q", got[i], want)
		}
	}
	bans, err := f.store.BansOf(t.Context(), ip(1), 9)
	f.must(err)
	told := map[string]int{}
	for _, b := range bans {
		if b.Source == "web2" {
			told[b.Jail] = b.Failures
		}
	}
	if told["sshd"] != 3 || told["sshd-again"] < 2 {
		t.Errorf("failures %v", told)
	}
}
