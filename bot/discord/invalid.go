package discord

import (
	"slices"
	"time"
)

// Invalid requests are answered 401, 403 or 404. Ten thousand of them in ten minutes get the whole address banned,
// so that they are kept far below: ten, and then a probe now and then.
const (
	invalidWindow = 10 * time.Minute
	invalidLimit  = 10
	probeEvery    = 15 * time.Minute
)

// standing is how the last requests of a route, or with the token, were taken.
type standing struct {
	refusals int       // in a row
	last     time.Time // refusal
}

func (s *standing) refused(now time.Time, recent *invalids) {
	s.refusals++
	s.last = now
	recent.add(now)
}

// wait returns how long a request must wait. What was never refused, or taken last time, need not.
func (s *standing) wait(now time.Time, recent *invalids) time.Duration {
	if s.refusals > 0 && recent.count(now) >= invalidLimit {
		s.refusals = invalidLimit // from here on, until one is taken, probes only
	}
	if s.refusals < invalidLimit {
		return 0
	}
	return s.last.Add(probeEvery).Sub(now)
}

// invalids are the times of the bot's invalid requests in the last window.
type invalids struct{ at []time.Time }

func (i *invalids) add(now time.Time) {
	i.count(now)
	i.at = append(i.at, now)
}

func (i *invalids) count(now time.Time) int {
	i.at = slices.DeleteFunc(i.at, func(t time.Time) bool { return now.Sub(t) >= invalidWindow })
	return len(i.at)
}
