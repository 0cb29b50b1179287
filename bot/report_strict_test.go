package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReportMarksJailsThatAreStricterThanUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := risenDesk(t)
		tests := map[string]string{
			"24h": "\nBans that hit friends: sshd 9 of 29 (31.0%), postfix 1 of 21 (4.8%)\n" +
				"Stricter than usual: sshd (usually 1 of 20)\n",
			"30d": "\nBans that hit friends: sshd 38 of 609 (6.2%), postfix 30 of 601 (5.0%)\nFriendly",
			"all": "\nBans that hit friends: sshd 49 of 829 (5.9%), postfix 41 of 821 (5.0%)\nFriendly",
		}
		for since, want := range tests {
			rep, err := d.commands.Reporter.Report(t.Context(), "strict", since, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if got := d.commands.Reporter.Caption(rep).String(); !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q", since, got, want)
			}
			text := d.commands.Reporter.Picture(rep).Text(60)
			if got := strings.Contains(text, "! sshd"); got != (since == "24h") {
				t.Errorf("%s: marked %v", since, got)
			}
			if got := strings.Contains(text, "sshd is stricter with friends than usual"); got != (since == "24h") {
				t.Errorf("%s: it is said: %v\n%s", since, got, text)
			}
		}
	})
}

// A past of some days says nothing of what is usual.
func TestAShortPastIsNotCalledUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(40 * 24 * time.Hour)
		for day := range 36 {
			d.ban("198.51.100.7", "BE", ago(time.Duration(day)*24*time.Hour))
			d.ban("198.51.100.8", "CN", ago(time.Duration(day)*24*time.Hour))
		}
		for since, want := range map[string]bool{"30d": false, "24h": true} {
			rep, err := d.commands.Reporter.Report(t.Context(), "strict", since, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if text := d.commands.Reporter.Picture(rep).Text(78); strings.Contains(text, "usual") != want {
				t.Errorf("%s: want something said of what is usual: %v\n%s", since, want, text)
			}
		}
	})
}
