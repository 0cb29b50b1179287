package fleet

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// Watch calls speak whenever this bot begins to speak, in a goroutine of its own, with a context that ends when it
// stops, and with the time since when nobody has spoken. It returns when ctx has ended and speak has returned. silent
// is called when it stops, and once at the start.
func (m *Member) Watch(ctx context.Context, speak func(ctx context.Context, quiet time.Time), silent func()) {
	const every = 100 * time.Millisecond
	ended := make(chan struct{})
	close(ended)
	silent()
	speaking, quiet := false, time.Now() // since when nobody speaks; zero: somebody does
	told := false
	for tick := time.NewTicker(every); ; {
		if other := m.Other(); other != "" {
			quiet, told = time.Time{}, false
		} else if !speaking && quiet.IsZero() {
			quiet = time.Now()
		}
		if !speaking && !quiet.IsZero() && !told && time.Since(quiet) >= silentFor {
			told = true
			m.Trace.Warn("nobody speaks", "since", quiet.Format(time.RFC3339), "why", m.Status().Trouble)
		}
		m.mu.Lock()
		now := m.speaks() && ctx.Err() == nil
		switch {
		case now && !speaking:
			select {
			case <-ended: // of the last time
			default:
				now = false
			}
			if !now {
				break
			}
			m.term, m.end = context.WithCancel(ctx) //nolint:fatcontext // each begins anew
			term, since := m.term, quiet
			ended, quiet, told = make(chan struct{}), time.Time{}, false
			go func() { defer close(ended); speak(term, since) }()
		case speaking && (!now || m.term == nil):
			now = false
			m.endTerm()
		}
		m.mu.Unlock()
		if speaking && !now {
			silent()
		}
		speaking = now
		select {
		case <-ctx.Done():
			m.mu.Lock()
			m.endTerm()
			m.mu.Unlock()
			tick.Stop()
			<-ended
			return
		case <-tick.C:
		}
	}
}

// Status is who speaks, and who stands by.
type Status struct {
	Speaks   bool
	Speaker  string // "": nobody, as far as is known
	Since    time.Time
	Partners []Partner // by name
	Trouble  string    // of the log
}

// Status returns who speaks, and who stands by.
func (m *Member) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Status{Speaks: m.speaks(), Trouble: m.trouble}
	if s.Speaks || m.lease == 0 && m.seen > 0 && time.Since(m.seenAt) < silentFor {
		s.Speaker, s.Since = m.speaker.Bot, time.Unix(m.speaker.Since, 0)
	}
	s.Partners = slices.SortedFunc(maps.Values(m.partners), func(a, b Partner) int { return strings.Compare(a.Name, b.Name) })
	return s
}
