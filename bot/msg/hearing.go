package msg

import (
	"sync"
	"time"
)

// Hearing is whether the commands of a platform are heard. It is safe for concurrent use, and a nil one remembers
// nothing.
type Hearing struct {
	Platform string

	mu    sync.Mutex
	since time.Time // zero: they are heard, or it is not known yet
	why   string
}

// Lost says that commands are not heard, and why. What the reason was before is forgotten; since when is not.
func (h *Hearing) Lost(why string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.why = why
	if h.since.IsZero() {
		h.since = time.Now()
	}
}

// Restored says that commands are heard.
func (h *Hearing) Restored() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since, h.why = time.Time{}, ""
}

// Trouble returns since when commands are not heard, zero if they are, and why.
func (h *Hearing) Trouble() (since time.Time, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since, h.why
}
