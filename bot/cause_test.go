package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// ruled notes that the log of a server has said something of the rule of sshd, so many days ago.
func (d *desk) ruled(setting store.Setting, back, value int) {
	d.t.Helper()
	d.line++
	_, err := d.store.AddBans(d.t.Context(), store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line}, ReadAt: time.Now(),
		Rules: []store.Rule{{Jail: "sshd", Setting: setting, Value: int64(value), At: time.Now().UTC().AddDate(0, 0, -back)}},
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// friendsBanned are this many bans of friends by sshd in the days from back on until, each of another one, evenly,
// among as many as ten times of others.
func (d *desk) friendsBanned(from, until, bans int) {
	d.t.Helper()
	start, length := time.Now().UTC().AddDate(0, 0, -from), time.Duration(from-until)*24*time.Hour
	var all []store.Ban
	for i := range 11 * bans {
		network := map[bool]string{true: "11", false: "10"}[i%11 == 0]
		all = append(all, store.Ban{
			Time: start.Add(length * time.Duration(i) / time.Duration(11*bans)).Add(time.Minute), HasEpoch: true, Jail: "sshd",
			Address: fmt.Sprintf("%s.%d.%d.%d", network, from, i/250, i%250), BanTime: 3600,
		})
	}
	d.line++
	_, err := d.store.AddBans(d.t.Context(), store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line}, Bans: all, Lines: len(all),
		ReadAt: time.Now(), NewsSince: time.Now(),
		Place: func(address string) (store.Located, error) {
			country := store.Country("CN")
			if strings.HasPrefix(address, "11.") {
				country = "BE"
			}
			return store.Located{Public: true, Country: country}, nil
		},
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// changedDesk has a jail that went from 5 to 3 tries ten days ago, and bans thrice as many friends since.
func changedDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.change()
	return d
}

func (d *desk) change() {
	d.t.Helper()
	time.Sleep(100*24*time.Hour + 12*time.Hour)
	d.ruled(store.MaxRetry, 60, 5)
	d.ruled(store.MaxRetry, 10, 3)
	d.friendsBanned(60, 20, 24)
	d.friendsBanned(20, 10, 8)
	d.friendsBanned(10, 0, 24)
}

// Promise: a rule that became stricter is named where friendly bans have grown since, and only there.
func TestAStricterRuleIsNamedOnlyWhereMoreFriendsAreBannedSince(t *testing.T) {
	type days = func(*desk)
	rule := func(setting store.Setting, back, value int) days {
		return func(d *desk) { d.ruled(setting, back, value) }
	}
	bans := func(from, until, n int) days { return func(d *desk) { d.friendsBanned(from, until, n) } }
	for name, test := range map[string]struct {
		past []days
		want string
	}{
		"both": {
			[]days{rule("maxretry", 60, 5), rule("maxretry", 10, 3), bans(60, 20, 24), bans(20, 10, 8), bans(10, 0, 24)},
			"sshd went from 5 to 3 tries on Fri 31 Mar; friendly bans tripled since: 24 in 10 days, 8 in the 10 days before",
		},
		"findtime": {
			[]days{rule("findtime", 60, 600), rule("findtime", 5, 86400), bans(60, 10, 30), bans(10, 5, 6), bans(5, 0, 24)},
			"sshd counts tries within 1 day, not 10 min, since Wed 5 Apr; friendly bans went up 4-fold since: 24 in " +
				"5 days, 6 in the 5 days before",
		},
		"none before": {
			[]days{rule("maxretry", 60, 2), rule("maxretry", 10, 1), bans(60, 30, 3), bans(10, 0, 7)},
			"sshd went from 2 to 1 try on Fri 31 Mar; friendly bans since: 7 in 10 days, none in the 10 days before",
		},
		"maxretry before findtime": {
			[]days{
				rule("findtime", 60, 600), rule("maxretry", 60, 5), rule("findtime", 10, 900), rule("maxretry", 10, 4),
				bans(60, 20, 4), bans(20, 10, 4), bans(10, 0, 40),
			},
			"sshd went from 5 to 4 tries on Fri 31 Mar; friendly bans went up 10-fold since: 40 in 10 days, 4 in the " +
				"10 days before",
		},
		"more bans without a change": {[]days{rule("maxretry", 60, 5), bans(60, 10, 10), bans(10, 0, 40)}, ""},
		"a change without more bans": {
			[]days{rule("maxretry", 60, 5), rule("maxretry", 10, 3), bans(60, 10, 50), bans(10, 0, 12)}, "",
		},
		"from 1 to 3": {
			[]days{rule("maxretry", 60, 5), rule("maxretry", 10, 3), bans(60, 20, 4), bans(20, 10, 1), bans(10, 0, 3)}, "",
		},
		"from 3 to 9": {
			[]days{rule("maxretry", 60, 5), rule("maxretry", 10, 3), bans(60, 20, 9), bans(20, 10, 3), bans(10, 0, 9)}, "",
		},
		"more lenient": {
			[]days{rule("maxretry", 60, 3), rule("maxretry", 10, 5), bans(60, 20, 24), bans(20, 10, 8), bans(10, 0, 24)}, "",
		},
		"longer bans": {
			[]days{rule("bantime", 60, 600), rule("bantime", 10, 3600), bans(60, 20, 24), bans(20, 10, 8), bans(10, 0, 24)}, "",
		},
		"changed back": {
			[]days{
				rule("maxretry", 60, 5), rule("maxretry", 10, 3), rule("maxretry", 1, 5), bans(60, 20, 24), bans(20, 10, 8),
				bans(10, 0, 24),
			}, "",
		},
		"a jail whose past is too short": {
			[]days{rule("maxretry", 60, 5), rule("maxretry", 10, 3), bans(15, 10, 2), bans(10, 0, 24)}, "",
		},
		"today":    {[]days{rule("maxretry", 60, 5), rule("maxretry", 0, 3), bans(60, 1, 50), bans(1, 0, 40)}, ""},
		"long ago": {[]days{rule("maxretry", 60, 5), rule("maxretry", 40, 3), bans(60, 40, 4), bans(40, 0, 90)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				time.Sleep(100*24*time.Hour + 12*time.Hour)
				for _, p := range test.past {
					p(d)
				}
				all, err := causes(t.Context(), d.store, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.TrimPrefix(d.commands.Reporter.Words.causes(all), "\n"); got != test.want {
					t.Errorf("got  %q\nwant %q", got, test.want)
				}
			})
		})
	}
}

// With several servers, the one whose rule changed is named.
func TestAStricterRuleNamesItsServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := changedDesk(t)
		if err := d.store.SourceFailed(t.Context(), "web2", "", time.Now()); err != nil {
			t.Fatal(err)
		}
		_, err := d.store.AddBans(t.Context(), store.Batch{
			Source: "web2", Cursor: store.Cursor{Offset: 1, Size: 1}, ReadAt: time.Now(),
			Bans: []store.Ban{{Time: time.Now(), HasEpoch: true, Address: "198.51.100.9", Jail: "sshd"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		all, err := causes(t.Context(), d.store, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := d.commands.Reporter.Words.causes(all); !strings.HasPrefix(got, "\nsshd on web1 went from 5 to 3 tries") {
			t.Error(got)
		}
	})
}

// Where the bans of before have been purged, nobody can compare.
func TestAStretchThatWasPurgedIsNotCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := changedDesk(t)
		if _, err := d.store.Purge(t.Context(), time.Now().AddDate(0, 0, -15)); err != nil {
			t.Fatal(err)
		}
		if all, err := causes(t.Context(), d.store, time.Now()); err != nil || len(all) > 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

// Alert, digest, and the report by strict with its picture and its JSON name the rule.
func TestAStricterRuleIsNamedWhereItsJailIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := changedDesk(t)
		const want = "\nsshd went from 5 to 3 tries on Fri 31 Mar; friendly bans tripled since: 24 in 10 days, 8 in the 10 days before"
		rep, err := d.commands.Reporter.Report(t.Context(), "strict", "30d", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := d.commands.Reporter.Caption(rep).String(); !strings.Contains(got, want) {
			t.Errorf("caption %q", got)
		}
		if got := d.commands.Reporter.Picture(rep).Text(78); !strings.Contains(got, "maxretry 5 to 3 since Fri 31 Mar") {
			t.Errorf("picture\n%s", got)
		}
		text, err := json.Marshal(rep)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(text); !strings.Contains(got, `"change":{"source":"web1","setting":"maxretry","from":5,"to":3,`+
			`"at":"2000-03-31T12:00:00Z","days":10,"friendly_before":8,"friendly_since":24}`) {
			t.Errorf("JSON %s", got)
		}
		for i := range 12 {
			d.ban(fmt.Sprint("11.9.9.", i), "BE")
		}
		d.step()
		if all := strings.Join(d.sender.texts(), "\n"); strings.Count(all, "sshd went from 5 to 3 tries") != 1 {
			t.Errorf("alerts\n%s", all)
		}
		bodies, err := d.digester.Compose(t.Context(), time.Now().AddDate(0, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := bodies[0].Text.String(); !strings.Contains(got, "\nsshd went from 5 to 3 tries on Fri 31 Mar; ") {
			t.Errorf("digest %q", got)
		}
	})
}
