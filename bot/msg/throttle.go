package msg

import (
	"maps"
	"time"
)

// Throttle says when to log what may happen without end: each thing once in a while. It is not safe for concurrent use.
type Throttle struct {
	Every time.Duration
	told  map[string]time.Time
}

// mostTold bounds the memory, and the lines, that a crowd may cost.
const mostTold = 1000

// Allow reports whether to log what now.
func (h *Throttle) Allow(what string) bool {
	now := time.Now()
	maps.DeleteFunc(h.told, func(_ string, at time.Time) bool { return now.Sub(at) >= h.Every })
	if _, told := h.told[what]; told || len(h.told) >= mostTold {
		return false
	}
	if h.told == nil {
		h.told = map[string]time.Time{}
	}
	h.told[what] = now
	return true
}
