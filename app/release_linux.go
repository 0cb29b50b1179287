package app

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// releaseProgram releases the memory of the program's own code and constants, of which a bot that waits for the next
// ban needs little. They stay in the system's page cache, where they are found when they are needed, but no longer
// count as the program's.
//
// Only what is mapped for reading alone is released: nothing ever writes to it, and it is read from the program's file
// again. Where /proc is not there or may not be read, nothing is released.
func releaseProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	maps, unreadable := os.ReadFile("/proc/self/maps")
	if err != nil || unreadable != nil {
		return nil
	}
	var errs []error
	for line := range strings.Lines(string(maps)) { // 00400000-00e68000 r-xp 00000000 fe:00 41 /usr/bin/friendlyfire
		var from, to uintptr
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil {
			return fmt.Errorf("/proc/self/maps: %q: %w", line, err)
		}
		if strings.Contains(rights, "w") || !strings.HasSuffix(line, " "+program+"\n") {
			continue
		}
		if _, _, failed := syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED); failed != 0 {
			errs = append(errs, os.NewSyscallError("madvise", failed))
		}
	}
	return errors.Join(errs...)
}
