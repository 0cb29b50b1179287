package acceptance

import (
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// Thousands of friendly bans at once reach every chat within minutes, and within the platforms' limits.
func TestR15FloodsArePacked(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		all := harness.Friends(harness.Size(1000, 1000, 10_000))
		stop := s.start()
		time.Sleep(time.Minute)
		begun := time.Now()
		s.Append(harness.BanRows(begun, all))
		time.Sleep(20 * time.Minute)
		stop()

		if lost, repeated := s.LostAndRepeated(harness.AllChats, all); lost+repeated > 0 {
			t.Errorf("%d lost, %d repeated", lost, repeated)
		}
		var group []time.Time
		first, last := time.Hour, time.Duration(0)
		for _, m := range s.Posts() {
			first, last = min(first, m.Time.Sub(begun)), max(last, m.Time.Sub(begun))
			if m.Chat == "-1001" {
				group = append(group, m.Time)
			}
		}
		perMinute := most(group, time.Minute)
		if first > 5*time.Second || last > 10*time.Minute || perMinute > 20 || s.Telegram.Early() > 0 {
			t.Errorf("first after %v, last after %v, %d messages a minute in a group, %d too early",
				first, last, perMinute, s.Telegram.Early())
		}
		harness.Reached(t, "%d bans in %d messages to a group, first after %v, last after %v, %d a minute at most",
			len(all), len(group), first.Round(time.Millisecond), last.Round(time.Second), perMinute)
	})
}
