package discord_test

import (
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord/discordtest"
)

// Every answer gives the time of another clock: those of the API, and those that open a connection to the gateway.
func TestR31AnswersTellTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, discordtest.InMemory(t))
		var all []time.Time
		c.Date = func(at time.Time) { all = append(all, at) }
		c.Store = bottest.OpenStore(t)
		time.Sleep(90 * time.Second)
		if _, err := c.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 || !all[0].Equal(time.Now()) {
			t.Fatalf("told %v at %v", all, time.Now())
		}
		stop := bottest.Listen(t, c)
		synctest.Wait()
		stop()
		if len(all) < 3 { // where the gateway is, and the gateway's own
			t.Errorf("told %v", all)
		}
	})
}
