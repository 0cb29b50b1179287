package main

import (
	"testing"
	"time"
)

func TestR15FloodsTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, which -short is for, memory is another")
	}
	t.Parallel()
	both := onLoopback(t)
	s := newQuietScene(t, both, friendlyRange...)
	p := s.start()
	s.append(ban(time.Now(), belgian, "sshd", ""))
	both.await(t, "banned: "+belgian+"\n", 1)
	before := p.status("VmRSS")
	p.forgetPeak()
	bans := 10_000
	s.append(rows(time.Now(), addresses(bans)))
	// All are in the outbox once the last has been said somewhere, or as many messages as come in a while.
	await(t, 30*time.Second, "ten messages of the flood", func() bool { return len(both.discord.Messages()) > 10 })
	grown := p.status("VmHWM") - before
	p.stop()
	if grown > 32<<10 {
		t.Errorf("%d bans take %d kB more, want 32 MB at most", bans, grown)
	}
	reached(t, "%d bans at once: %+.1f MB", bans, float64(grown)/1024)
}
