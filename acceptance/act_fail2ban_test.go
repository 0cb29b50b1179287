//go:build linux

package acceptance

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/act"
)

// A real Fail2Ban: a ban is lifted, an address is trusted and not banned, and once that is over it is banned again.
func TestA03TheHelperActsOnARealFail2Ban(t *testing.T) {
	harness.Needs(t, "fail2ban-server", "fail2ban-client")
	t.Parallel()
	f := &fail2ban{Scene: harness.NewScene(t, harness.TableOnly), jails: 1}
	f.must(os.CopyFS(f.in("etc/filter.d"), os.DirFS("/etc/fail2ban/filter.d")))
	f.must(os.Mkdir(f.in("etc/action.d"), 0o700))
	f.configure()
	f.write("sshd.log", "")
	// The client and the program under the names that they have elsewhere.
	f.write("client", fmt.Sprintf("#!/bin/sh\nexec fail2ban-client -c %s -s %s -p %s \"$@\"\n", f.in("etc"),
		f.in("fail2ban.sock"), f.in("fail2ban.pid")))
	f.must(os.Chmod(f.in("client"), 0o700))
	h := harness.NewHelper(t, f.in("client"), nil)
	self, err := os.Executable()
	f.must(err)
	f.write("friendlyfire", fmt.Sprintf("#!/bin/sh\nFRIENDLYFIRE_TEST_RUN=x exec %s \"$@\" --state %s\n", self, h.State))
	f.must(os.Chmod(f.in("friendlyfire"), 0o700))
	f.write("etc/jail.conf", fmt.Sprintf(`[sshd]
enabled = true
filter = sshd
backend = polling
usedns = no
maxretry = 2
findtime = 1d
bantime = 1d
logpath = %[1]s
ignorecommand = test -x %[2]s && %[2]s act --ignored <ip>
`, f.in("sshd.log"), f.in("friendlyfire")))
	f.up()

	const friend = "203.0.113.7"
	fail := func() {
		for i := range 2 {
			f.write("sshd.log", attacks[0].line(time.Now(), 40000+i, friend))
		}
	}
	logged := func(what string) int { return strings.Count(f.read("fail2ban.log"), what+" "+friend) }
	ask := func(line, want string) {
		t.Helper()
		r, err := act.Parse(line)
		f.must(err)
		begun := time.Now()
		got := act.Socket{Path: h.Socket}.Do(t.Context(), r)
		t.Logf("%s: %s (%v)", line, got, time.Since(begun).Round(time.Millisecond))
		if !strings.HasPrefix(got.String(), want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	banned := func() bool {
		out, err := f.client("status", "sshd")
		f.must(err)
		return strings.Contains(out, friend)
	}

	fail()
	f.await("a ban", func() bool { return logged("] Ban") == 1 })
	ask("jails", "ok sshd")
	if !banned() {
		t.Error("not banned")
	}
	ask("rules sshd", "ok maxretry 2 findtime 86400 bantime 86400")
	ask("rules ssh", "no Fail2Ban has no jail ssh")
	ask("unban ssh "+friend, "no Fail2Ban has no jail ssh")
	ask("unban sshd 203.0.113.8", "ok sshd does not ban it")
	ask("unban sshd "+friend, "ok lifted")
	if banned() {
		t.Error("banned still")
	}
	ask("unban sshd "+friend, "ok sshd does not ban it")

	// The bot asks for the rule, too, and keeps it: its source is a CSV, which does not say it.
	f.Reconfigure("[enrich]\n", fmt.Sprintf("[act]\nsocket = %q\n[enrich]\n", h.Socket))
	bot := f.Start()
	db := f.OpenStore()
	f.await("the rule is known", func() bool {
		rules, err := db.RulesOverTime(t.Context(), "web1")
		return err == nil && len(rules["sshd"]) == 3
	})
	bot.Stop()

	const trust = 6 * time.Second
	ask(fmt.Sprintf("trust %s %ds", friend, trust/time.Second), "ok trusted until ")
	begun := time.Now()
	fail()
	f.await("what is ignored", func() bool { return logged("] Ignore") >= 2 })
	if time.Since(begun) < trust && banned() {
		t.Error("banned although trusted")
	}
	time.Sleep(time.Until(begun.Add(trust + time.Second)))
	fail()
	f.await("a ban after the end of trust", func() bool { return logged("] Ban") == 2 })
	harness.Reached(t, "lifted; %d failures ignored while trusted; banned again when that was over", logged("] Ignore"))
}
