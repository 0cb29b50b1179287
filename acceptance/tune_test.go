package acceptance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
)

// Promise: who may command gets the answer of tune in chat, in words and a picture.
func TestTuneAnswersInChat(t *testing.T) {
	t.Parallel()
	telegram := telegramtest.Start(t)
	s := harness.NewTelegramScene(t, telegram)
	var log strings.Builder
	at := time.Now().Add(-time.Hour).UTC()
	for n := range 6 {
		address := fmt.Sprintf("%s%d", harness.Belgian[:len(harness.Belgian)-1], n)
		for tries := range 3 {
			at = at.Add(time.Second)
			stamp := at.Format(time.DateTime)
			fmt.Fprintf(&log, "%s,120 fail2ban.filter         [900]: INFO    [sshd] Found %s - %[1]s\n", stamp, address)
			if tries == 2 {
				fmt.Fprintf(&log, "%s,120 fail2ban.actions        [900]: NOTICE  [sshd] Ban %s\n", stamp, address)
			}
		}
	}
	s.Write(s.Bans, []byte(log.String()))
	p := s.Start()
	telegram.Say(-1001, 0, 8, "/tune sshd") // a stranger
	telegram.Say(-1001, 0, 7, "/tune sshd")
	const finding = "sshd: maxretry 4 would have spared up to 6 of 6 friends"
	answers := 0
	telegram.Await(t, 30*time.Second, func() bool {
		answers = 0
		for _, m := range telegram.Messages() {
			if strings.HasPrefix(m.Text, finding) && harness.IsChart(m.Photo) {
				answers++
			}
		}
		return answers > 0
	})
	p.Stop()
	if answers != 1 {
		t.Errorf("%d answers", answers)
	}
}
