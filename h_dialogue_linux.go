package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// dialogue is the real binary in a terminal.
type dialogue struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	ended  chan struct{} // closed when the terminal is

	mu   sync.Mutex
	text bytes.Buffer
}

// dialogue starts a command in a terminal of its own.
func (s *scene) dialogue(args ...string) *dialogue {
	s.t.Helper()
	master, slave, err := openPTY()
	if err != nil {
		s.t.Skipf("no terminal to test with: %v", err)
	}
	d := &dialogue{t: s.t, cmd: s.command(s.t.Context(), args...), master: master, ended: make(chan struct{})}
	d.cmd.Stdin, d.cmd.Stdout, d.cmd.Stderr = slave, slave, slave
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := d.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	slave.Close()
	go func() {
		defer close(d.ended)
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			d.mu.Lock()
			d.text.Write(buffer[:n])
			d.mu.Unlock()
			if err != nil { // EIO: nobody has it open any more
				return
			}
		}
	}()
	s.t.Cleanup(func() {
		d.cmd.Process.Kill()
		<-d.ended
		master.Close()
		if s.t.Failed() {
			s.t.Log("the dialogue was:\n" + d.String())
		}
	})
	return d
}

func openPTY() (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	raw, err := master.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var number uint32
	var unlock int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		for request, value := range map[uintptr]unsafe.Pointer{syscall.TIOCGPTN: unsafe.Pointer(&number), syscall.TIOCSPTLCK: unsafe.Pointer(&unlock)} {
			if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(value)); e != 0 {
				errno = e
			}
		}
	})
	if err == nil && errno != 0 {
		err = errno
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	return master, slave, err
}

// String is all that has been shown, what was typed among it.
func (d *dialogue) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.ReplaceAll(d.text.String(), "\r\n", "\n")
}

// await waits until the dialogue shows the text.
func (d *dialogue) await(text string) {
	d.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(d.String(), text) {
			return
		}
	}
	d.t.Fatalf("%q is not shown", text)
}

// typed is what somebody types.
func (d *dialogue) typed(text string) {
	d.t.Helper()
	if _, err := d.master.WriteString(text); err != nil {
		d.t.Fatal(err)
	}
}

// end waits until the program has ended, and returns its code.
func (d *dialogue) end() int {
	d.t.Helper()
	<-d.ended
	_ = d.cmd.Wait() // its code tells
	return d.cmd.ProcessState.ExitCode()
}
