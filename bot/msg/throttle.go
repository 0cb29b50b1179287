package msg

import (
	"maps"
	"time"
)

// Throttle limits the logging of events that may repeat without end. It is not safe for concurrent use.
type Throttle struct {
	Every  time.Duration // how often each event is logged at most
	logged map[string]time.Time
}

// maxLogged bounds the events in one such period, and so the memory and log lines that a crowd may cost.
const maxLogged = 1000

// Allow reports whether to log the event now.
func (t *Throttle) Allow(event string) bool {
	now := time.Now()
	maps.DeleteFunc(t.logged, func(_ string, at time.Time) bool { return now.Sub(at) >= t.Every })
	if _, logged := t.logged[event]; logged || len(t.logged) >= maxLogged {
		return false
	}
	if t.logged == nil {
		t.logged = map[string]time.Time{}
	}
	t.logged[event] = now
	return true
}
