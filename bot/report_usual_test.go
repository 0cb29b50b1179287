package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// picture is the chart of a report.
func picture[C Picture](d *desk, by, since string) (c C) {
	d.t.Helper()
	rep, err := d.commands.Reporter.Report(d.t.Context(), by, since, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	c, ok := d.commands.Reporter.Picture(rep).(C)
	if !ok {
		d.t.Fatalf("no such picture of %s", by)
	}
	return c
}

// aDayFor is so many bans a day for so many days, which end now.
func (d *desk) aDayFor(days int, bans func(day int) int) {
	d.t.Helper()
	for day := range days {
		for i := range bans(day) {
			d.ban(fmt.Sprintf("192.0.2.%d", i), "CN", ago(time.Duration(days-day)*24*time.Hour))
		}
	}
}

// The picture by jail says between which numbers four of five columns lie, by the three periods before: only where
// these are known, and without the columns that are not whole.
func TestThePictureByJailSaysHowManyBansAreUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(200*24*time.Hour + 5*time.Hour)
		d.aDayFor(100, func(day int) int { return 4 + day%3 })
		for since, want := range map[string]string{
			"30d": " · striped: incomplete · usually 4 to 6 a day", "7d": " · 6 hours per column · usually 0 to 5 in 6 hours", "all": "",
		} {
			got := picture[charts.TimeChart](d, "jail", since).Subtitle
			if !strings.HasSuffix(got, want) || want == "" && strings.Contains(got, "usually") {
				t.Errorf("%s: %q, want %q at its end", since, got, want)
			}
		}
	})
}

// Where the past is no longer than the period, nobody knows what is usual.
func TestAPictureWithoutAPastCallsNothingUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(200 * 24 * time.Hour)
		d.aDayFor(45, func(int) int { return 4 })
		if got := picture[charts.TimeChart](d, "jail", "30d").Subtitle; strings.Contains(got, "usually") {
			t.Errorf("after 15 days: %q", got)
		}
	})
}

// Jails that seldom ban friends may do so often together.
func TestWhatIsUsualForOthersIsCountedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(200 * 24 * time.Hour)
		for day := range 120 {
			at := ago(time.Duration(day)*24*time.Hour + time.Hour)
			d.ban("198.51.100.1", "BE", at)
			d.ban("198.51.100.2", "BE", at, by("postfix"))
			if day%2 == 0 {
				d.ban("198.51.100.4", "BE", at, by("postfix"))
			}
			d.ban("198.51.100.3", "BE", at, by(fmt.Sprint("rare", day%20)))
		}
		c := picture[charts.DotChart](d, "friends", "30d")
		if c.Usual["sshd"] != 1 || c.Usual["postfix"] != 2 || c.Usual["rare7"] != 0 || c.UsualOthers != 1 {
			t.Errorf("usual %v, and %v for others", c.Usual, c.UsualOthers)
		}
	})
}

// Beside each share stands how many of these bans look like people, where that is known of some.
func TestTheStrictPictureSaysHowManyLookLikePeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("192.0.2.1", "CN")
		d.ban("203.0.113.1", "BE", by("dovecot"))
		if c := picture[charts.ShareChart](d, "strict", "24h"); c.Rows[0].Note != "" {
			t.Errorf("without log lines: %+v", c.Rows)
		}
		d.ban("192.0.2.2", "CN", by("recidive"))
		d.storm(9, mixed)
		got := map[string]string{}
		for _, row := range picture[charts.ShareChart](d, "strict", "24h").Rows {
			got[row.Label] = row.Note
		}
		want := map[string]string{"sshd": "2 look like people", "dovecot": "0 look like people", "recidive": "no friends"}
		for jail, note := range want {
			if got[jail] != note {
				t.Errorf("%s: %q, want %q", jail, got[jail], note)
			}
		}
	})
}

// The card of the week has the networks with most bans, and one whose bans are all of friends, however few these are.
func TestTheCardOfAWeekHasItsNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(59 * time.Hour) // Monday
		d.systems = map[string]store.Located{}
		for i, holder := range []string{"Example Hosting GmbH", "Second Ltd", "Third Inc", "Fourth SA", "Example Telecom NV"} {
			for n := range 9 - 2*i {
				address, country := fmt.Sprintf("192.0.%d.%d", i, n), store.Country("CN")
				if i == 4 {
					country = "BE"
				}
				d.systems[address] = store.Located{ASN: store.ASN(64500 + i), Holder: holder}
				d.ban(address, country)
			}
		}
		d.ban("198.51.100.9", "BE", by("postfix"), func(b *store.Ban) { b.Address = "192.0.4.0" })
		time.Sleep(7 * 24 * time.Hour)
		c := picture[charts.Card](d, "week", "24h")
		if want := "Mon 3 to Sun 9 Jan · web1 · Fail2Ban"; c.Subtitle != want {
			t.Errorf("subtitle %q, want %q", c.Subtitle, want)
		}
		if friends := c.Panels[1]; friends.Figure != "2" || friends.Note != "1 address" {
			t.Errorf("friends: %+v", friends)
		}
		var got []string
		for _, row := range c.Panels[4].Rows {
			got = append(got, fmt.Sprint(row.Label, " ", row.Value, " ", row.Friends))
		}
		const want = "Example Hosting 9 false, Second 7 false, Third 5 false, Example Telecom 2 true"
		if all := strings.Join(got, ", "); c.Panels[4].Title != "Top networks" || all != want {
			t.Errorf("%s: %s, want %s", c.Panels[4].Title, all, want)
		}
	})
}
