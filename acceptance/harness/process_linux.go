package harness

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Status is a number in /proc/PID/status: VmRSS and VmHWM in kB, Threads.
func (p *Process) Status(name string) int {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
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

// Descriptors counts the files and connections that the process has open.
func (p *Process) Descriptors() int {
	p.t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	return len(all)
}

// ResetPeak resets VmHWM.
func (p *Process) ResetPeak() {
	p.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.Cmd.Process.Pid), []byte("5"), 0o200); err != nil {
		p.t.Skip("the peak of memory cannot be measured here: ", err)
	}
}
