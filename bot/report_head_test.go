package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
)

// head is what stands above the picture of a report.
func (d *desk) head(by, since string) charts.Head {
	d.t.Helper()
	rep, err := d.commands.Reporter.Report(d.t.Context(), by, since, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	return d.commands.Reporter.head(rep)
}

func TestAChangeIsSaidAsANumberOfBans(t *testing.T) {
	for _, test := range []struct {
		now, before int64
		since, want string
	}{
		{112, 100, "24h", "12 more than in the 24 hours before"},
		{5060, 101, "", "4\u202f959 more than on the day before"},
		{99, 100, "30d", "1 fewer than in the 30 days before"},
		{100, 100, "7d", "as many as in the 7 days before"},
		{45, 0, "7d", "none in the 7 days before"},
	} {
		if got := compared(test.now, test.before, test.since); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestAPictureBeginsWithWhatItFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(14*time.Hour + 5*time.Minute) // 15:05 in Brussels
		for i := range 3 {
			d.ban(fmt.Sprintf("198.51.100.%d", i), "CN", ago(3*time.Hour))
			d.ban(fmt.Sprintf("198.51.100.%d", 10+i), "NL", by("postfix"), ago(time.Duration(i)*time.Hour))
		}
		d.ban("203.0.113.7", "BE", by("postfix"))
		d.ban("203.0.113.8", "BE", by("postfix"))
		for by, want := range map[string]charts.Head{
			"country": {Title: "Bans by country: 2 of 8 hit friends", Friends: "2 of 8 hit friends"},
			"jail":    {Title: "8 bans in 24 hours, 2 of friends", Friends: "2 of friends"},
			"friends": {Title: "2 bans hit friends in 24 hours, by postfix", Friends: "2 bans hit friends"},
			"day":     {Title: "8 bans in 24 hours, 2 of friends", Friends: "2 of friends"},
			"hour":    {Title: "8 bans in 24 hours, most at 12:00 and 15:00: 3"},
			"strict":  {Title: "postfix hits friends most: 40.0% of its bans"},
			"banned":  {Title: "3 addresses banned now, 2 of friends", Friends: "2 of friends"},
		} {
			got := d.head(by, "24h")
			if got.Title != want.Title || got.Friends != want.Friends {
				t.Errorf("%s: got %q (%q), want %q (%q)", by, got.Title, got.Friends, want.Title, want.Friends)
			}
			if want := "24 hours to Sat 1 Jan 15:05"; !strings.HasPrefix(got.Subtitle, want) {
				t.Errorf("%s: %q, want the period, %q", by, got.Subtitle, want)
			}
		}
	})
}

func TestCaptionAndPictureNameTheSameBusiestHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for range 3 { // 10:00 has most of all days, and 12:00 of Sunday most of all hours
			d.ban("198.51.100.1", "CN")
			d.ban("198.51.100.2", "NL")
			time.Sleep(24 * time.Hour)
		}
		time.Sleep(2 * time.Hour)
		for i := range 5 {
			d.ban(fmt.Sprintf("198.51.100.%d", i), "CN")
		}
		for _, since := range []string{"24h", "7d", "all"} {
			title := d.head("hour", since).Title
			m := d.commands.Answer(t.Context(), msg.Request{Text: "/report hour " + since})
			if !strings.Contains(m.Text.String(), title) || strings.Contains(m.Text.String(), "\nBusiest:") {
				t.Errorf("%s: the caption %q does not have the picture's %q", since, m.Text.String(), title)
			}
		}
	})
}

func TestNumbersHaveThinSpaces(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 100: "100", 1003: "1\u202f003", 1_234_567: "1\u202f234\u202f567", -1003: "-1\u202f003", -100: "-100",
	} {
		if got := number(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestABurstBetweenTheEndsOfBinsIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(40 * 24 * time.Hour)
		for i := range 50 { // ten minutes in the middle of a day
			d.ban(fmt.Sprintf("198.51.100.%d", i), "CN", lasting("sshd", 600), ago(60*time.Hour-time.Duration(i)*time.Second))
		}
		d.ban("198.51.100.99", "CN", lasting("sshd", 600))
		for _, since := range []string{"24h", "7d", "30d"} {
			rep, err := d.commands.Reporter.Report(t.Context(), "banned", since, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]float64{"24h": 1, "7d": 50, "30d": 50}[since]
			if got := slices.Max(detail[*activeBans](rep).jails["sshd"].most); got != want {
				t.Errorf("%s: at most %v at a time, want %v", since, got, want)
			}
		}
	})
}

func TestAJailKeepsItsColour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.commands.Reporter
		slots := func() map[string]int {
			t.Helper()
			all, err := r.slots(t.Context(), time.Now().Add(time.Second))
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		ban := func(jail string, n int) {
			for range n {
				d.ban("198.51.100.1", "CN", by(jail))
				time.Sleep(time.Second)
			}
		}
		ban("sshd", 5)
		ban("dovecot", 4)
		before := slots()
		ban("dovecot", 9)
		ban("exim", 2)
		after := slots()
		if after["sshd"] != before["sshd"] || after["dovecot"] != before["dovecot"] || after["exim"] != 3 {
			t.Errorf("%v after %v: a colour has changed with the rank", after, before)
		}
		for i := range 4 {
			ban(fmt.Sprint("new", i), 20) // exim and sshd are the smallest now
		}
		if last := slots(); last["dovecot"] != before["dovecot"] || last["sshd"]+last["exim"] != 0 || len(last) != 5 {
			t.Errorf("%v, want dovecot as before, and the four that are bigger than sshd", last)
		}
	})
}

func TestAutoThemeSuitsThePlatform(t *testing.T) {
	r := &Reporter{Theme: charts.Light(), AutoTheme: true}
	for platform, want := range map[string]charts.Theme{"telegram": charts.Light(), "discord": charts.Dark(), "": charts.Light()} {
		if got := fmt.Sprint(r.For(platform).Theme); got != fmt.Sprint(want) {
			t.Errorf("%s: %v", platform, got)
		}
	}
	r.AutoTheme = false
	if got := fmt.Sprint(r.For("discord").Theme); got != fmt.Sprint(charts.Light()) {
		t.Errorf("discord, light asked for: %v", got)
	}
}
