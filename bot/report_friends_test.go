package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// friendsPicture is the picture of bans of friends of the last 30 days.
func (d *desk) friendsPicture() charts.DotChart {
	d.t.Helper()
	r := d.commands.Reporter
	rep, err := r.Report(d.t.Context(), "friends", "30d", time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	c, ok := friendsChart(r, rep).(charts.DotChart)
	if !ok {
		d.t.Fatal("no dots")
	}
	return c
}

// A rule that has changed is marked where it did, and is the finding if more friends are banned since.
func TestAChangedRuleIsMarkedAmongTheBansOfFriends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.change()
		d.ruled("bantime", 60, 600)
		d.ruled("bantime", 10, -1)
		c := d.friendsPicture()
		var labels []string
		for _, m := range c.Marks {
			labels = append(labels, m.Name+"|"+m.Label)
			if want := time.Now().AddDate(0, 0, -10); m.At.Sub(want).Abs() > time.Hour {
				t.Errorf("marked at %v, want %v", m.At, want)
			}
		}
		want := []string{"sshd|sshd: maxretry 5 to 3, Fri 31 Mar", "sshd|sshd: bantime 10 min to for ever, Fri 31 Mar"}
		if !slices.Equal(labels, want) {
			t.Errorf("marks %q, want %q", labels, want)
		}
		if c.Title != "sshd bans friends 3 times as often since 31 Mar" || c.Friends != "" ||
			!strings.Contains(c.Subtitle, " · 37 bans of friends · ") {
			t.Errorf("%q, %q", c.Title, c.Subtitle)
		}
		if caption := d.told("/report friends 30d").Text.String(); !strings.Contains(caption, "\n"+c.Title+"\n") {
			t.Errorf("the caption lacks the finding:\n%s", caption)
		}
		if usual := c.Usual["sshd"]; usual != 1 { // 24 in the 40 days before the change's stretch
			t.Errorf("%v a day are usual, want 1", usual)
		}
	})
}

// Nothing is called usual by less than a period before.
func TestWhatIsUsualForFriendsNeedsAPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(100 * 24 * time.Hour)
		for i := range 40 {
			d.ban(fmt.Sprint("198.51.100.", i), "BE", ago(time.Duration(i)*24*time.Hour))
		}
		if c := d.friendsPicture(); len(c.Usual) > 0 || len(c.Marks) > 0 || !strings.HasPrefix(c.Title, "30 bans hit friends") {
			t.Errorf("%q, %v, %v", c.Title, c.Usual, c.Marks)
		}
	})
}

// The bar of a friendly country says what its bans look like.
func TestTheBarOfAFriendlyCountrySaysWhoTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 9 {
			d.ban(fmt.Sprint("198.51.100.", i), "BE", func(b *store.Ban) { mixed(i, b) })
			d.ban(fmt.Sprint("192.0.2.", i), "CN", trying("root"))
		}
		r := d.commands.Reporter
		rep, err := r.Report(t.Context(), "country", "24h", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		c, ok := countryChart(r, rep).(charts.BarChart)
		if !ok {
			t.Fatal("no bars")
		}
		got := map[string]string{}
		for _, bar := range c.Bars {
			if bar.Label != "" {
				got[bar.Label] = bar.Beside
			}
		}
		if want := "2 people, 2 unclear, 5 attackers"; got["Belgium"] != want || got["China"] != "" {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
