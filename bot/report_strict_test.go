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
			"24h": "\nFriends among the banned: sshd 9 of 29 (31.0%), postfix 1 of 21 (4.8%)\n" +
				"Stricter than usual: sshd (usually 1 of 20)\n",
			"30d": "\nFriends among the banned: sshd 38 of 609 (6.2%), postfix 30 of 601 (5.0%)\nFriendly",
			"all": "\nFriends among the banned: sshd 49 of 829 (5.9%), postfix 41 of 821 (5.0%)\nFriendly",
		}
		for since, want := range tests {
			rep, err := d.commands.Reporter.Report(t.Context(), "strict", since, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if got := d.commands.Reporter.Caption(rep).String(); !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q", since, got, want)
			}
			if got := strings.Contains(d.commands.Reporter.Picture(rep).Text(60), "! sshd"); got != (since == "24h") {
				t.Errorf("%s: marked %v", since, got)
			}
		}
	})
}
