package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// status is a figure of /proc/PID/status: VmRSS and VmHWM in kB, Threads.
func (p *process) status(name string) int {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == name+":" {
			n, err := strconv.Atoi(string(fields[1]))
			if err != nil {
				p.t.Fatal(err)
			}
			return n
		}
	}
	p.t.Fatalf("/proc/PID/status has no %s", name)
	return 0
}

// descriptors counts the files and connections that the process has open.
func (p *process) descriptors() int {
	p.t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	return len(all)
}

// forgetPeak makes VmHWM begin anew.
func (p *process) forgetPeak() {
	p.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0o200); err != nil {
		p.t.Skip("the peak of memory cannot be measured here: ", err)
	}
}

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
