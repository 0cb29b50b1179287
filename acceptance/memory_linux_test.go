package acceptance

import (
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

func TestR15FloodsTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which -short is for, takes memory of its own")
	}
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	p := s.Start()
	s.Ban(harness.Belgian)
	both.Await(t, harness.Alert(harness.Belgian), 1)
	before := p.Status("VmRSS")
	p.ResetPeak()
	bans := 10_000
	s.Append(harness.BanRows(time.Now(), harness.Friends(bans)))
	// By the time of the tenth message, all bans are in the outbox.
	harness.Await(t, 30*time.Second, "ten messages of the flood", func() bool {
		return len(both.Discord.Messages()) > 10
	})
	grown := p.Status("VmHWM") - before
	p.Stop()
	if grown > 32<<10 {
		t.Errorf("%d bans take %d kB more, want 32 MB at most", bans, grown)
	}
	harness.Reached(t, "%d bans at once: %+.1f MB", bans, float64(grown)/1024)
}
