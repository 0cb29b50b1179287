package bot

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
)

// Reports count the verdicts of the alerts: with logins, with names that have logged in, with the fleet's names, and
// with other bans of an address. There is one rule.
func TestReportsCountTheVerdictsOfAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		for i := range 4 { // on the fleet's other bans
			d.ban(fmt.Sprint("192.0.2.", i), "CN", tries("-zorglub", "-zorglub", "-zorglub"), ago(20*time.Minute))
		}
		d.login("198.51.100.1", 30*time.Hour)
		d.ban("198.51.100.1", "BE", tries("root", "root"))
		d.login("198.51.100.2", 50*time.Hour)
		d.ban("198.51.100.2", "BE") // without lines
		d.login("203.0.113.9", 50*time.Hour)
		d.ban("198.51.100.3", "BE", tries("anna", "anna")) // who has logged in elsewhere
		d.ban("198.51.100.4", "BE", tries("-zorglub", "-zorglub"))
		d.ban("198.51.100.5", "BE", tries("-oracle", "-minecraft"), ago(30*time.Minute), by("dovecot"))
		d.ban("198.51.100.5", "BE", by("recidive")) // which has no lines of its own
		d.ban("198.51.100.6", "BE")                 // of which nothing is known
		d.login("198.51.100.7", 3*time.Hour)        // after a ban: perhaps it was guessed
		d.ban("198.51.100.7", "BE", tries("info", "info"), ago(5*time.Hour))
		d.ban("198.51.100.7", "BE", tries("info", "info"))
		d.step()
		time.Sleep(time.Minute)
		d.step()

		said := map[string]string{} // of each friend whom sshd banned, as in the alert
		for _, i := range []int{1, 2, 3, 4, 7} {
			address := fmt.Sprint("198.51.100.", i)
			text := d.commands.Answer(t.Context(), msg.Request{Text: "/ip " + address}).Text.String()
			said[address] = regexp.MustCompile(`(?m)^(Probably an? \w+|Person or attacker)`).FindString(text)
		}
		people := 0
		for _, who := range said {
			if who == "Probably a person" {
				people++
			}
		}
		want := fmt.Sprintf(" %d of %d friends banned by sshd look like people", people, len(said))
		got := d.commands.Answer(t.Context(), msg.Request{Text: "/report strict"}).Text.String()
		if !strings.Contains(got, want) || !strings.Contains(got, "\nBy their log lines and logins, ") || people < 3 {
			t.Errorf("the alerts say %v; got\n%s\nwant %q in it", said, got, want)
		}
		bodies, err := d.digester.Compose(t.Context(), time.Now().Add(24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if got := bodies[0].Text.String(); !strings.Contains(got, fmt.Sprintf("\n%d friends look like people, 1 like an attacker", people)) {
			t.Errorf("the alerts say %v, and the digest\n%s", said, got)
		}
	})
}
