package fleet

import (
	"time"

	"golang.org/x/sys/unix"
)

// boottime is a clock that goes on while the machine sleeps, as the monotonic one does not.
// https://man7.org/linux/man-pages/man2/clock_gettime.2.html
func boottime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
