package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// The jail with most bans is set beside its own days before, and a country that had no ban in a year is named.
func TestTheDigestSaysWhichJailBansMostAndWhatIsNew(t *testing.T) {
	for name, test := range map[string]struct {
		sshd int
		days int
		fill func(d *desk)
		want string
	}{
		"as usual": {5, 20, nil, "\nMost by sshd, 5, as usual\nweb1"},
		"more":     {30, 20, nil, "\nMost by sshd, 30, usually 4 to 6\nweb1"},
		"new": {5, 20, func(d *desk) {
			d.ban("192.0.2.200", "PE")
			d.ban("192.0.2.201", "PE")
			d.ban("192.0.2.202", "-")
		}, "\nMost by sshd, 8, usually 4 to 6 · new: Peru 2\nweb1"},
		"many are new": {5, 20, func(d *desk) {
			for i, country := range []store.Country{"PE", "KE", "FJ", "MD", "NR"} {
				d.ban(fmt.Sprint("192.0.2.", 200+i), country, by("dovecot"))
			}
		}, "\nMost by dovecot and sshd, 5 each · new: Fiji 1, Kenya 1, Moldova 1 and 2 more\nweb1"},
		"too few days": {5, 5, func(d *desk) { d.ban("192.0.2.200", "PE") }, "\nMost by sshd, 6\nweb1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				untilDigest()
				for day := range test.days {
					d.ban("198.51.100.1", "NL", by("postfix"))
					for i := range 4 + day%3 {
						d.ban(fmt.Sprint("192.0.2.", i), "CN")
					}
					time.Sleep(24 * time.Hour)
				}
				d.ban("198.51.100.1", "NL", by("postfix"))
				for i := range test.sshd {
					d.ban(fmt.Sprint("192.0.2.", i), "CN")
				}
				if test.fill != nil {
					test.fill(d)
				}
				time.Sleep(24 * time.Hour)
				bodies, err := d.digester.Compose(t.Context(), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if got := bodies[0].Text.String(); !strings.Contains(got, test.want) {
					t.Errorf("no %q in\n%s", test.want, got)
				}
			})
		})
	}
}

// Bans and addresses are not the same: what counts bans says so, and of how many addresses they are.
func TestBansOfFriendsAreNotFriends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		untilDigest()
		for i := range 12 {
			d.ban(fmt.Sprint("198.51.100.", i%3), "BE", ago(time.Duration(i)*time.Hour/20))
		}
		for i := range 50 {
			d.ban(fmt.Sprint("192.0.2.", i), "CN", ago(time.Minute))
		}
		time.Sleep(24 * time.Hour)
		bodies, err := d.digester.Compose(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		const want = "Sat 1 Jan: 12 of 62 bans hit friends (3 addresses)\n"
		if got := bodies[0].Text.String(); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want it to begin with %q", got, want)
		}
		r := rise{now: store.Share{Jail: "sshd", Bans: 62, Friendly: 12, Friends: 3}, past: store.Share{Bans: 200, Friendly: 1}, days: 3}
		for _, got := range []string{r.inAlert(), r.inDigest()} {
			if !strings.Contains(got, "12 of 62 bans in 3 days hit friends (3 addresses)") {
				t.Errorf("got %q", got)
			}
		}
	})
}
