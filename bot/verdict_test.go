package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// tries are lines of sshd, a connection for each name; "-" in front says that it does not exist.
func tries(names ...string) func(*store.Ban) {
	return func(b *store.Ban) {
		var lines []string
		for i, name := range names {
			if missing, ok := strings.CutPrefix(name, "-"); ok {
				name = "invalid user " + missing
			}
			lines = append(lines, "Jan 1 00:00:"+string(rune('0'+i))+"0 web1 sshd["+string(rune('1'+i))+
				"]: Failed password for "+name+" from "+b.Address+" port 51234 ssh2")
		}
		b.Matches, b.Failures = strings.Join(lines, "\n"), len(lines)
	}
}

func TestAlertSaysWhetherItIsAPerson(t *testing.T) {
	tests := map[string]struct {
		ban  func(*store.Ban)
		want string
	}{
		"person": {
			tries("jdupont", "jdupont", "jdupont"),
			"\nProbably a person: only jdupont, who exists; 3 failures in 20 s\n",
		},
		"attacker": {
			tries("-oracle", "-minecraft", "root"),
			"\nProbably an attacker: tried oracle, minecraft and root, as attackers do\n",
		},
		"unclear": {tries("root", "root"), "\nPerson or attacker? only root, which people and attackers use alike\n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.ban("198.51.100.7", "BE", tc.ban)
				d.step()
				time.Sleep(d.announcer.Patience)
				d.step()
				if got := strings.Join(d.sender.texts(), "\n"); !strings.Contains(got, tc.want) {
					t.Errorf("got\n%s\nwant %q", got, tc.want)
				}
			})
		})
	}
}

func TestAlertOfABanWithoutLinesHasNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE")
		d.step()
		time.Sleep(d.announcer.Patience)
		d.step()
		if got := strings.Join(d.sender.texts(), "\n"); got == "" || strings.Contains(got, "erson") {
			t.Errorf("got\n%s", got)
		}
	})
}

// A name is the attacker's text: in a message, it must not become a link.
func TestNamesInVerdictsAreCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE", tries("-evil.example", "-evil.example"))
		g, err := d.store.BansOf(t.Context(), "198.51.100.7", 1)
		if err != nil {
			t.Fatal(err)
		}
		v, err := d.announcer.Judge.verdict(t.Context(), g[0])
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, run := range (Words{}).verdict(g[0].Ban, v) {
			if strings.Contains(run.Text, "evil.example") {
				found = true
				if run.Style != msg.Code {
					t.Errorf("%q in style %q", run.Text, run.Style)
				}
			}
		}
		if !found {
			t.Errorf("%s", v)
		}
	})
}

func TestVerdictJoinsTheBansOfAnAddress(t *testing.T) {
	tests := map[string]struct {
		earlier, later []func(*store.Ban)
		want           string
	}{
		"names of an earlier ban": {
			[]func(*store.Ban){tries("-ludmila"), ago(2 * time.Hour)},
			[]func(*store.Ban){tries("-bertrand", "-yannick")},
			"Probably an attacker: 3 names that do not exist",
		},
		"a ban of a month ago is another's": {
			[]func(*store.Ban){tries("-ludmila"), ago(30 * 24 * time.Hour)},
			[]func(*store.Ban){tries("-bertrand", "-yannick")},
			"Person or attacker? 2 names that do not exist",
		},
		"an old password, everywhere": {
			[]func(*store.Ban){tries("jdupont", "jdupont"), ago(2 * time.Hour), by("dovecot")},
			[]func(*store.Ban){tries("jdupont", "jdupont")},
			"Probably a person: only jdupont, who exists; 2 failures in 10 s",
		},
		"recidive is for what was before": {
			[]func(*store.Ban){tries("jdupont", "jdupont"), ago(2 * time.Hour)},
			[]func(*store.Ban){by("recidive"), func(b *store.Ban) {
				b.Matches = "2000-01-01 00:00:00,000 fail2ban.actions [1]: NOTICE [sshd] Ban 198.51.100.7"
			}},
			"Probably a person: only jdupont, who exists; 2 failures in 10 s",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.ban("198.51.100.7", "BE", tc.earlier...)
				d.ban("198.51.100.7", "BE", tc.later...)
				v, ok, err := d.announcer.Judge.VerdictOf(t.Context(), "198.51.100.7")
				if got := v.String(); err != nil || !ok || got != tc.want {
					t.Errorf("got %q, %v, %v\nwant %q", got, ok, err, tc.want)
				}
			})
		})
	}
}

func TestNamesOfTheFleetsBansCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
			d.ban(address, "CN", tries("-ludmila"))
		}
		d.ban("198.51.100.7", "BE", tries("-ludmila", "-ludmila"))
		v, _, err := d.announcer.Judge.VerdictOf(t.Context(), "198.51.100.7")
		const want = "Person or attacker? ludmila was tried from 3 other addresses this week; ludmila does not exist"
		if got := v.String(); err != nil || got != want {
			t.Errorf("got %q, %v\nwant %q", got, err, want)
		}
	})
}

func TestListsAndReportsSayWhoLooksLikeAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.1", "BE", tries("anna", "anna"), ago(time.Hour))
		d.ban("198.51.100.2", "BE", tries("bertrand", "bertrand"), ago(time.Hour))
		d.ban("198.51.100.3", "BE", tries("-oracle", "-minecraft"), ago(time.Hour))
		d.ban("198.51.100.4", "BE", tries("root", "root"), ago(time.Hour))
		d.ban("198.51.100.5", "BE", ago(time.Hour))
		for ask, want := range map[string][]string{
			"/friends 7d": {
				"198.51.100.1  sshd on web1, probably a person",
				"198.51.100.3  sshd on web1, probably an attacker",
			},
			"/report strict 7d": {"\nBy their log lines, 2 of 4 friends banned by sshd look like people\n"},
			"/report strict":    {"\nBy their log lines, 2 of 4 friends banned by sshd look like people\n"},
			"/ip 198.51.100.1":  {"\nProbably a person: only anna, who exists; 2 failures in 10 s\nBanned once"},
		} {
			got := d.commands.Answer(t.Context(), msg.Request{Text: ask}).Text.String()
			for _, want := range want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: got\n%s\nwant %q", ask, got, want)
				}
			}
		}
		bodies, err := d.digester.Compose(t.Context(), time.Now().Add(24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		const want, sum = "198.51.100.1, sshd on web1, 00:00: probably a person\nCountries", "look like people"
		if got := bodies[0].Text.String(); !strings.Contains(got, want) || strings.Contains(got, sum) {
			t.Errorf("digest: got\n%s\nwant %q, and no sum of what it says of each", got, want)
		}
	})
}
