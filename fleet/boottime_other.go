//go:build !linux

package fleet

import "time"

// boottime is not known here.
func boottime() time.Duration { return 0 }
