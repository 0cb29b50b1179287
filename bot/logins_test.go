package bot

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// login reads a login from the address, so long ago.
func (d *desk) login(address string, ago time.Duration) {
	d.t.Helper()
	d.line++
	_, err := d.store.AddLogins(d.t.Context(), store.LoginBatch{
		Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line}, Lines: 1, ReadAt: time.Now(),
		NewsSince: time.Now().Add(-d.announcer.MaxAge), Logins: []store.Login{{
			Time: time.Now().Add(-ago), Address: netip.MustParseAddr(address), Service: "sshd", Name: "anna",
		}},
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// friendlyLogins is a desk where whoever logged in within so long is a friend.
func friendlyLogins(t *testing.T, within time.Duration) *desk {
	t.Helper()
	d := newDesk(t)
	friends := d.announcer.Words.Friends
	friends.Logins = within
	if err := d.store.SetFriends(t.Context(), friends); err != nil {
		t.Fatal(err)
	}
	d.announcer.Words.Friends, d.commands.Reporter.Words.Friends, d.announcer.Judge.Words.Friends = friends, friends, friends
	d.announcer.Patience = 0
	return d
}

func (d *desk) says(command ...string) string {
	d.t.Helper()
	return d.commands.Answer(d.t.Context(), msg.Request{Text: "/" + strings.Join(command, " ")}).Text.String()
}

const thirtyDays = 30 * 24 * time.Hour

func TestWhoLoggedInBeforeHisBanIsAFriend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := friendlyLogins(t, thirtyDays)
		d.login("198.51.100.7", 3*24*time.Hour+time.Hour)
		d.login("198.51.100.8", 31*24*time.Hour) // too long ago
		d.login("2001:db8:1:2:aaaa::1", 2*time.Hour)
		d.ban("198.51.100.7", "US")
		d.ban("198.51.100.8", "US")
		d.ban("198.51.100.9", "US") // never logged in
		d.ban("2001:db8:1:2:bbbb::2", "US", by("dovecot"))
		d.ban("2001:db8:1:3::1", "US") // another /64
		d.step()
		all := strings.Join(d.sender.texts(), "\n---\n")
		for _, want := range []string{
			"🤝 sshd on web1 banned 198.51.100.7 (logged in from there 3 days ago)",
			"🤝 dovecot on web1 banned 2001:db8:1:2:bbbb::2 (logged in from its /64 2 h ago)",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in\n%s", want, all)
			}
		}
		for _, other := range []string{"198.51.100.8", "198.51.100.9", "2001:db8:1:3::1"} {
			if strings.Contains(all, other) {
				t.Errorf("%s is told of, and is no friend:\n%s", other, all)
			}
		}
		if got := d.says("friends", "7d"); !strings.Contains(got, "2 friendly bans of 5") ||
			!strings.Contains(got, "logged in 3 days before") {
			t.Errorf("/friends says\n%s", got)
		}
	})
}

// A ban long after the last login is none of a friend, though an earlier one of the same address was.
func TestALoginDoesNotMakeAFriendForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := friendlyLogins(t, thirtyDays)
		d.login("198.51.100.7", time.Hour*2)
		d.ban("198.51.100.7", "US")
		d.step()
		time.Sleep(40 * 24 * time.Hour)
		d.ban("198.51.100.7", "US")
		d.step()
		if n := len(d.sender.sent); n != 1 {
			t.Errorf("%d alerts, want the first only: %q", n, d.sender.texts())
		}
	})
}

// The line of a login may be read after that of the ban.
func TestALoginReadLateAlertsLate(t *testing.T) {
	for address, other := range map[string]string{"198.51.100.7": "198.51.100.7", "2001:db8:1:2::1": "2001:db8:1:2:9::5"} {
		synctest.Test(t, func(t *testing.T) {
			d := friendlyLogins(t, thirtyDays)
			d.ban(address, "US")
			d.step()
			if n := len(d.sender.sent); n != 0 {
				t.Fatalf("%d alerts of a stranger", n)
			}
			time.Sleep(10 * time.Minute)
			d.login(other, 15*time.Minute)
			d.login(other, 15*time.Minute) // and once more changes nothing
			d.step()
			if all := d.sender.texts(); len(all) != 1 || !strings.Contains(all[0], address+" (logged in from ") {
				t.Fatalf("alerts are %q", all)
			}
			d.login(other, 20*time.Minute)
			d.login(other, 0) // and after the ban
			d.step()
			if n := len(d.sender.sent); n != 1 {
				t.Errorf("%d alerts, want one: %q", n, d.sender.texts())
			}
			if got := d.says("friends", "24h"); !strings.Contains(got, "1 friendly ban of 1") {
				t.Errorf("/friends says\n%s", got)
			}
		})
	}
}

// A login that is read when its ban is history makes the ban a friend's, and alerts of nothing.
func TestALoginReadTooLateAlertsOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := friendlyLogins(t, thirtyDays)
		d.ban("198.51.100.7", "US")
		d.step()
		time.Sleep(2 * time.Hour)
		d.login("198.51.100.7", 3*time.Hour)
		d.step()
		if n := len(d.sender.sent); n != 0 {
			t.Errorf("%d alerts of history", n)
		}
		if got := d.says("friends", "24h"); !strings.Contains(got, "1 friendly ban of 1") {
			t.Errorf("/friends says\n%s", got)
		}
	})
}

// With friendly_logins off, logins still say which bans were wrong, and make nobody a friend.
func TestLoginsProveBansWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := friendlyLogins(t, 0)
		d.login("81.240.1.1", 3*24*time.Hour)
		d.login("198.51.100.7", 3*24*time.Hour)
		d.login("81.240.1.4", 9*24*time.Hour) // too long before to prove anything
		d.ban("81.240.1.1", "BE")
		d.step()
		d.ban("81.240.1.2", "BE")
		d.ban("81.240.1.3", "BE")
		d.ban("81.240.1.4", "BE")
		d.ban("198.51.100.7", "US")
		d.step()
		switch all := strings.Join(d.sender.texts(), "\n"); {
		case !strings.Contains(all, "\nProbably a person: logged in from here 3 days before\n"):
			t.Errorf("the alert does not say who logged in:\n%s", all)
		case strings.Contains(all, "198.51.100.7"):
			t.Errorf("a login makes a friend:\n%s", all)
		}
		time.Sleep(time.Hour + 20*time.Minute)
		d.login("81.240.1.2", 0)
		time.Sleep(48 * time.Hour)
		d.login("81.240.1.3", 0) // too long after to prove anything
		const after = "ogged in from there 20 min after the ban ended: its user, or a guessed password"
		for command, want := range map[string][]string{
			"ip 81.240.1.1":   {"Probably a person: logged in from here 3 days before\nBanned"},
			"ip 198.51.100.7": {"Probably a person: logged in from here 3 days before\nBanned"},
			"ip 81.240.1.2":   {"L" + after},
			"friends 7d": {
				"logged in 3 days before", "logged in 20 min after the ban ended",
				"A login after a ban is of its user, or a guessed password",
			},
			"report strict 7d text": {
				"sshd: 2 of 4 friendly bans proven wrong: 1 logged in within a week before, " +
					"1 by a day after the end (its user, or a guessed password)",
			},
		} {
			got := d.says(strings.Fields(command)...)
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("/%s: no %q in\n%s", command, w, got)
				}
			}
		}
		if got := d.says("ip", "81.240.1.3"); strings.Contains(got, "ogged in") {
			t.Errorf("proven by a login days later:\n%s", got)
		}
	})
}

// A login just before the ban, or after an earlier one, may be what was guessed: both are said.
func TestALoginAmidTheFailuresHasTwoReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := friendlyLogins(t, thirtyDays)
		d.login("198.51.100.7", 2*time.Minute)
		d.ban("198.51.100.7", "US")
		d.ban("198.51.100.8", "US", ago(3*24*time.Hour))
		d.login("198.51.100.8", 2*24*time.Hour)
		d.ban("198.51.100.8", "US")
		d.step()
		all := strings.Join(d.sender.texts(), "\n---\n")
		for _, want := range []string{
			"banned 198.51.100.7 (logged in from there 2 min ago)\n" +
				"Logged in from there 2 min before, amid the failures: its user, or a guessed password",
			"banned 198.51.100.8 (logged in from there 2 days ago)\n" +
				"Logged in from there 2 days before, after an earlier ban: its user, or a guessed password",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in\n%s", want, all)
			}
		}
	})
}

func TestLoginsThatCannotBeReadAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		ctx := t.Context()
		d.health.Logins = []string{"web1"}
		check := func(want ...string) {
			t.Helper()
			d.sender.sent = nil
			if err := d.health.Step(ctx); err != nil {
				t.Fatal(err)
			}
			d.deliver()
			all := strings.Join(d.sender.texts(), "\n")
			for _, w := range want {
				if !strings.Contains(all, w) {
					t.Errorf("no %q in %q", w, all)
				}
			}
			if len(want) == 0 && all != "" {
				t.Errorf("told of nothing: %q", all)
			}
		}
		check()
		why := "open /var/log/auth.log: permission denied"
		if err := d.store.LoginsFailed(ctx, "web1", why, time.Now()); err != nil {
			t.Fatal(err)
		}
		check()
		time.Sleep(2 * time.Minute)
		check("🔴 The logins of web1 cannot be read since", "permission denied")
		check()
		if got := d.says("status"); !strings.Contains(got, "Trouble with the logins of web1") ||
			!strings.Contains(got, "logins of web1: no login yet, unreadable since") {
			t.Errorf("/status says\n%s", got)
		}
		if err := d.store.LoginsFailed(ctx, "web1", "", time.Now()); err != nil {
			t.Fatal(err)
		}
		check("🟢 The logins of web1 can be read again")
		d.login("198.51.100.7", 0)
		if got := d.says("status"); !strings.Contains(got, "logins of web1: last login ") {
			t.Errorf("/status says\n%s", got)
		}
		d.health.Logins = nil
		if got := d.says("status"); strings.Contains(got, "login") {
			t.Errorf("/status speaks of logins where there are none\n%s", got)
		}
	})
}

func TestAFileThatIsNoneOfLoginsIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Logins = []string{"web1"}
		add := func(b store.LoginBatch) string {
			t.Helper()
			b.Source, b.ReadAt = "web1", time.Now()
			if _, err := d.store.AddLogins(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
			if err := d.health.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.sender.sent = nil
			d.deliver()
			return strings.Join(d.sender.texts(), "\n")
		}
		if got := add(store.LoginBatch{Lines: 9, Others: map[string]int{store.OtherProgram: 9}}); got != "" {
			t.Errorf("a quiet system's log: %q", got)
		}
		got := add(store.LoginBatch{Lines: 50, Others: map[string]int{store.OtherFail2Ban: 50}})
		if !strings.Contains(got, "🔴 The logins of web1 are in another file: none of its 59 lines is of sshd") {
			t.Errorf("fail2ban.log: %q", got)
		}
		if got = add(store.LoginBatch{Lines: 1, Others: map[string]int{store.NoLogin: 1}}); !strings.Contains(got, "🟢") {
			t.Errorf("and then a log: %q", got)
		}
	})
}

// A login that is read while its ban is being decided is not missed.
func TestALoginDuringTheDecisionIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := friendlyLogins(t, thirtyDays)
		d.ban("198.51.100.7", "US")
		undecided, err := d.store.Undecided(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := d.announcer.decide(t.Context(), undecided, map[int64]time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		d.login("198.51.100.7", time.Hour*2)
		if err := d.announcer.record(t.Context(), verdict); err != nil {
			t.Fatal(err)
		}
		d.step()
		if n := len(d.sender.sent); n != 1 {
			t.Errorf("%d alerts, want one", n)
		}
		if left, err := d.store.Undecided(t.Context(), 0, 10); err != nil || len(left) != 0 {
			t.Errorf("undecided %v, %v", left, err)
		}
	})
}

// Postfix does not say whether a name exists, but whoever has it may have logged in.
func TestANameThatLoggedInExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		line := time.Now().Format(time.Stamp) + " web1 postfix/smtpd[9]: warning: a[81.240.1.1]: SASL LOGIN authentication " +
			"failed: x, sasl_username=anna\n"
		d.ban("81.240.1.1", "BE", func(b *store.Ban) { b.Matches, b.Failures = line+line, 2 })
		if got := d.says("ip", "81.240.1.1"); !strings.Contains(got, "Person or attacker? only anna") {
			t.Errorf("before any login:\n%s", got)
		}
		d.login("203.0.113.7", 5*time.Hour) // from elsewhere
		if got := d.says("ip", "81.240.1.1"); !strings.Contains(got, "Probably a person: only anna, who exists") {
			t.Errorf("after it:\n%s", got)
		}
	})
}
