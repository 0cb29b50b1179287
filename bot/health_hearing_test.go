package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
)

func TestStatusSaysWhereCommandsAreNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		deaf := &msg.Hearing{Platform: "telegram"}
		d.health.Hearing = []*msg.Hearing{{Platform: "discord"}, deaf}
		deaf.Lost("EOF")
		time.Sleep(59 * time.Second)
		if got := d.status(); !strings.HasPrefix(got, "🟢 All is well") {
			t.Errorf("a connection that has just broken: %s", got)
		}
		deaf.Lost("a webhook is set")
		time.Sleep(time.Hour)
		got := d.status()
		if !strings.HasPrefix(got, "🔴 Trouble with telegram.") ||
			!strings.Contains(got, "\ntelegram: commands not heard since 01:00 (a webhook is set)\n") {
			t.Errorf("got %s", got)
		}
		line, err := d.health.Digest(t.Context(), time.Now())
		if err != nil || !strings.Contains(line, "commands in telegram not heard since 01:00") {
			t.Errorf("the digest says %q, %v", line, err)
		}
		deaf.Restored()
		if got := d.status(); !strings.HasPrefix(got, "🟢 All is well") || strings.Contains(got, "telegram") {
			t.Errorf("heard again: %s", got)
		}
	})
}
