package ingest

import (
	"time"

	"friendlyfire/store"
)

// newsBy returns from when on bans that are read now are news, and what the time may be at the latest. While the clock
// is in doubt, either it or its mark is right, and a ban that is news by one of them is news: silence must not rest on
// a clock that is wrong. By the mark alone, only lines that were seen being appended are: else whatever was written
// while the program did not run for a month would be.
func (p *steps) newsBy(now time.Time, clock *store.Clock, maxAge time.Duration) (since, until time.Time) {
	expected := clock.Expected(now)
	since = now
	if expected.Before(now) && !p.seenAt.IsZero() {
		since = expected
	}
	return since.Add(-maxAge), expected
}

func (r *Reader) news(now time.Time) (since, until time.Time) {
	return r.newsBy(now, r.Clock, r.MaxAge)
}
