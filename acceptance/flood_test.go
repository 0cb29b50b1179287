package acceptance

import (
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
)

// Thousands of friendly bans that are read at once reach every chat within minutes, and within the platforms' limits.
func TestR15FloodsArePacked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := harness.Addresses(harness.Size(1000, 1000, 10_000))
		both := harness.InMemory(t)
		s := harness.NewQuietScene(t, both, harness.FriendlyRange...)
		p := startInProcess(s, both.Dial)
		time.Sleep(time.Minute)
		begun := time.Now()
		s.Append(harness.BanRows(begun, all))
		time.Sleep(20 * time.Minute)
		p.stop()

		if lost, repeated := both.LostAndRepeated(harness.EveryChat, all); lost+repeated > 0 {
			t.Errorf("%d lost, %d repeated", lost, repeated)
		}
		var group []time.Time
		first, last := time.Hour, time.Duration(0)
		note := func(at time.Time) { first, last = min(first, at.Sub(begun)), max(last, at.Sub(begun)) }
		for _, m := range both.Telegram.Messages() {
			note(m.Time)
			if m.Chat < 0 {
				group = append(group, m.Time)
			}
		}
		for _, m := range both.Discord.Messages() {
			note(m.Time)
		}
		perMinute := most(group, time.Minute)
		if first > 5*time.Second || last > 10*time.Minute || perMinute > 20 || both.Telegram.Early() > 0 {
			t.Errorf("first after %v, last after %v, %d messages a minute in a group, %d too early", first, last, perMinute, both.Telegram.Early())
		}
		harness.Reached(t, "%d bans in %d messages to a group, first after %v, last after %v, %d a minute at most",
			len(all), len(group), first.Round(time.Millisecond), last.Round(time.Second), perMinute)
	})
}
