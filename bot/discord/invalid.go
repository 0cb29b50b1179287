package discord

import (
	"slices"
	"time"
)

// Requests answered with 401, 403 or 404 are invalid. Discord bans an address after ten thousand of them in ten
// minutes. The bot stays far below that: after ten of them it only probes now and then.
const (
	invalidWindow = 10 * time.Minute
	invalidLimit  = 10
	probeInterval = 15 * time.Minute
)

// refusalStreak is a run of invalid requests, of a route or of the token. A request that succeeds ends it.
type refusalStreak struct {
	length int
	last   time.Time
}

func (s *refusalStreak) add(now time.Time, recent *invalidRequests) {
	s.length++
	s.last = now
	recent.add(now)
}

// wait returns how long the next request must wait.
func (s *refusalStreak) wait(now time.Time, recent *invalidRequests) time.Duration {
	if s.length > 0 && recent.count(now) >= invalidLimit {
		s.length = invalidLimit // only probes, until one succeeds
	}
	if s.length < invalidLimit {
		return 0
	}
	return s.last.Add(probeInterval).Sub(now)
}

// invalidRequests are the times of the bot's invalid requests in the last window.
type invalidRequests struct{ at []time.Time }

func (i *invalidRequests) add(now time.Time) {
	i.count(now)
	i.at = append(i.at, now)
}

func (i *invalidRequests) count(now time.Time) int {
	i.at = slices.DeleteFunc(i.at, func(t time.Time) bool { return now.Sub(t) >= invalidWindow })
	return len(i.at)
}
