package acceptance

import (
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

func TestR15FloodsTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, which -short is for, memory is another")
	}
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewQuietScene(t, both, harness.FriendlyRange...)
	p := s.Start()
	s.Append(harness.BanRow(time.Now(), harness.Belgian, "sshd", ""))
	both.Await(t, harness.Alert(harness.Belgian), 1)
	before := p.Status("VmRSS")
	p.ForgetPeak()
	bans := 10_000
	s.Append(harness.BanRows(time.Now(), harness.Addresses(bans)))
	// All are in the outbox once the last has been said somewhere, or as many messages as come in a while.
	harness.Await(t, 30*time.Second, "ten messages of the flood", func() bool { return len(both.Discord.Messages()) > 10 })
	grown := p.Status("VmHWM") - before
	p.Stop()
	if grown > 32<<10 {
		t.Errorf("%d bans take %d kB more, want 32 MB at most", bans, grown)
	}
	harness.Reached(t, "%d bans at once: %+.1f MB", bans, float64(grown)/1024)
}
