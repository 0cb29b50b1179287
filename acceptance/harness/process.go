package harness

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Process is the program in a process of its own.
type Process struct {
	t      *testing.T
	Cmd    *exec.Cmd
	output Transcript
}

// Text is all that the process has printed.
func (p *Process) Text() string { return p.output.String() }

// Stop ends the bot as a service manager does.
func (p *Process) Stop() {
	p.t.Helper()
	begun := time.Now()
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.Cmd.Wait(); err != nil {
		p.t.Errorf("stopped with %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		p.t.Errorf("took %v to stop", took)
	}
}

// Kill ends the bot as a power cut does.
func (p *Process) Kill() {
	p.t.Helper()
	if err := p.Cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.Cmd.Wait() // the next line looks at how it ended
	if how, ok := p.Cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || how.Signal() != syscall.SIGKILL {
		p.t.Fatalf("the bot ended by itself: %v\n%s", p.Cmd.ProcessState, p.Text())
	}
}

// Signal sends a signal to the process.
func (p *Process) Signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.Cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}
