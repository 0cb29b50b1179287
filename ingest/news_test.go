package ingest

import (
	"testing"
	"time"

	"friendlyfire/store"
)

// While the clock is 400 days ahead, what other machines write now is news all the same; what was written while the
// program did not run is not.
func TestR31ClockAheadDoesNotSilence(t *testing.T) {
	p := newPlace(t)
	clock, err := p.store.OpenClock(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Round(0)
	const ahead = 400 * 24 * time.Hour
	if err := clock.Look(t.Context(), now.Add(ahead), 0); err != nil || clock.Doubt() == nil {
		t.Fatal(err, clock.Doubt())
	}
	r := &Reader{Store: p.store, Clock: clock, MaxAge: time.Hour}
	near := func(got, want time.Time) {
		t.Helper()
		if got.Sub(want).Abs() > time.Minute {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	since, until := r.news(now.Add(ahead))
	near(since, now.Add(ahead-time.Hour))
	near(until, now)
	r.seenAt = now
	since, _ = r.news(now.Add(ahead))
	near(since, now.Add(-time.Hour))

	if err := clock.Look(t.Context(), now.Add(-10*24*time.Hour), time.Minute); err != nil || clock.Doubt() == nil {
		t.Fatal(err, clock.Doubt())
	}
	since, until = r.news(now.Add(-10 * 24 * time.Hour))
	near(since, now.Add(-10*24*time.Hour-time.Hour))
	near(until, now.Add(time.Minute))
	var none *store.Clock
	r.Clock = none
	since, until = r.news(now)
	near(since, now.Add(-time.Hour))
	near(until, now)
}
