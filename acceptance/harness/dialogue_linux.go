package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Dialogue is the program in a terminal.
type Dialogue struct {
	t      *testing.T
	cmd    *exec.Cmd // nil: the program is in this process
	code   int       // that it ended with
	master *os.File
	ended  chan struct{} // closed when the terminal is

	mu   sync.Mutex
	text bytes.Buffer
}

// Dialogue starts a command in a terminal of its own.
func (s *Scene) Dialogue(args ...string) *Dialogue {
	s.T.Helper()
	master, slave, err := openPTY()
	if err != nil {
		s.T.Skipf("no terminal to test with: %v", err)
	}
	d := &Dialogue{t: s.T, cmd: s.Command(s.T.Context(), args...), master: master, ended: make(chan struct{})}
	d.cmd.Stdin, d.cmd.Stdout, d.cmd.Stderr = slave, slave, slave
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := d.cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	slave.Close()
	d.listen(func() { d.cmd.Process.Kill() })
	return d
}

// Within runs a function of this process in a terminal of its own. What it returns is the code that it ends with. stop
// is called at the end of the test, and must make it end.
func Within(t *testing.T, stop func(), run func(terminal *os.File) int) *Dialogue {
	t.Helper()
	master, slave, err := openPTY()
	if err != nil {
		t.Skipf("no terminal to test with: %v", err)
	}
	d := &Dialogue{t: t, master: master, ended: make(chan struct{})}
	go func() {
		d.code = run(slave)
		_, _ = master.WriteString("\n\x04") // for one who still reads: no terminal is closed before that
		slave.Close()
	}()
	d.listen(stop)
	return d
}

// listen collects what is shown, until the end.
func (d *Dialogue) listen(kill func()) {
	go func() {
		defer close(d.ended)
		buffer := make([]byte, 4096)
		for {
			n, err := d.master.Read(buffer)
			d.mu.Lock()
			d.text.Write(buffer[:n])
			d.mu.Unlock()
			if err != nil { // EIO: nobody has it open any longer
				return
			}
		}
	}()
	d.t.Cleanup(func() {
		kill()
		<-d.ended
		d.master.Close()
		if d.t.Failed() {
			d.t.Log("the dialogue was:\n" + d.String())
		}
	})
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
		for request, value := range map[uintptr]unsafe.Pointer{
			syscall.TIOCGPTN: unsafe.Pointer(&number), syscall.TIOCSPTLCK: unsafe.Pointer(&unlock),
		} {
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

// String is all that has been shown, including what was typed.
func (d *Dialogue) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.ReplaceAll(d.text.String(), "\r\n", "\n")
}

// Await waits until the dialogue shows one of the texts.
func (d *Dialogue) Await(texts ...string) {
	d.t.Helper()
	Await(d.t, 30*time.Second, fmt.Sprintf("%q is shown", texts), func() bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(d.String(), text) })
	})
}

// Type types a text.
func (d *Dialogue) Type(text string) {
	d.t.Helper()
	if _, err := d.master.WriteString(text); err != nil {
		d.t.Fatal(err)
	}
}

// Echoes reports whether the terminal shows what is typed.
func (d *Dialogue) Echoes() bool {
	d.t.Helper()
	state, err := unix.IoctlGetTermios(int(d.master.Fd()), unix.TCGETS)
	if err != nil {
		d.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// End waits until the program has ended, and returns its exit code.
func (d *Dialogue) End() int {
	d.t.Helper()
	<-d.ended
	if d.cmd == nil {
		return d.code
	}
	_ = d.cmd.Wait() // its code tells
	return d.cmd.ProcessState.ExitCode()
}

var codeShown = regexp.MustCompile(`(?m)^    (\d{6})$`)

// Code waits for the code of a pairing and returns it.
func (d *Dialogue) Code() string {
	d.t.Helper()
	d.Await("Then confirm here.")
	m := codeShown.FindStringSubmatch(d.String())
	if m == nil {
		d.t.Fatal("no code is shown")
	}
	return m[1]
}
