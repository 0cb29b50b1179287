package harness

import (
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// ShiftedClock is the clock of a process of its own. The kernel has one real-time clock for all processes, and lends
// it to each as a function in memory, the vDSO (https://man7.org/linux/man-pages/man7/vdso.7.html), which Go calls
// directly: no library can be put before it. So the function itself is replaced in the memory of the one process.
type ShiftedClock struct {
	process *Process
	at      int64 // where the number of seconds lies in the process's memory
}

// StartShifted starts the bot with its real-time clock ahead by that time, which may be negative, in whole seconds up
// to 68 years. Its monotonic clock is the kernel's.
func (s *Scene) StartShifted(ahead time.Duration, args ...string) (*Process, *ShiftedClock) {
	s.T.Helper()
	p := &Process{t: s.T, Cmd: s.Command(context.WithoutCancel(s.T.Context()), args...)}
	p.Cmd.Stdout, p.Cmd.Stderr = &p.output, &p.output
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true} // it stops before its first instruction
	runtime.LockOSThread()                                 // whose child the process is
	defer runtime.UnlockOSThread()
	if err := p.Cmd.Start(); err != nil {
		s.T.Skip("no process may be traced here: ", err)
	}
	s.killAfter(p)
	pid := p.Cmd.Process.Pid
	var stopped syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &stopped, 0, nil); err != nil || !stopped.Stopped() {
		s.T.Fatalf("the process does not stop at its start: %v, %v", stopped, err)
	}
	clock, err := replaceClock(pid)
	if err != nil {
		s.T.Skip("the clock of a process cannot be replaced here: ", err)
	}
	shifted := &ShiftedClock{p, clock}
	shifted.Set(ahead)
	if err := syscall.PtraceDetach(pid); err != nil {
		s.T.Fatal(err)
	}
	return p, shifted
}

// Set sets the clock ahead of the kernel's by that time from now on.
func (c *ShiftedClock) Set(ahead time.Duration) {
	c.process.t.Helper()
	seconds := binary.LittleEndian.AppendUint32(nil, uint32(int32(ahead/time.Second))) //nolint:gosec // within 68 years
	if err := poke(c.process.Cmd.Process.Pid, c.at, seconds); err != nil {
		c.process.t.Fatal("the clock cannot be set: ", err)
	}
}

// shiftedClock is clock_gettime(clock, &seconds): what the kernel says, and for clock 0, CLOCK_REALTIME, the number in
// its last but one instruction added to the seconds.
var shiftedClock = []byte{
	0xb8, 0xe4, 0x00, 0x00, 0x00, // mov eax, 228 (clock_gettime)
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi
	0x75, 0x07, // jnz to the end
	0x48, 0x81, 0x06, 0x00, 0x00, 0x00, 0x00, // add qword [rsi], 0
	0xc3, // ret
}

// replaceClock puts shiftedClock in the place of the vDSO's function, and returns where its number is.
func replaceClock(pid int) (at int64, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, err
	}
	region := regexp.MustCompile(`(?m)^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$`).FindSubmatch(maps)
	if region == nil {
		return 0, errors.New("it has no vDSO")
	}
	var from, to int64
	if _, err := fmt.Sscanf(string(region[1])+" "+string(region[2]), "%x %x", &from, &to); err != nil {
		return 0, err
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return 0, err
	}
	defer mem.Close()
	vdso, err := elf.NewFile(io.NewSectionReader(mem, from, to-from))
	if err != nil {
		return 0, err
	}
	symbols, err := vdso.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(symbols, func(s elf.Symbol) bool { return s.Name == "__vdso_clock_gettime" })
	if i < 0 {
		return 0, errors.New("its vDSO has no clock")
	}
	at = from + int64(symbols[i].Value) //nolint:gosec // within the region
	return at + int64(len(shiftedClock)) - 5, poke(pid, at, shiftedClock)
}

// poke writes to the memory of a process.
func poke(pid int, at int64, data []byte) error {
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = mem.WriteAt(data, at)
	return errors.Join(err, mem.Close())
}
