package bot

import (
	"context"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// clock compares the wall clock, which people and daemons set, with the monotonic one, which only counts seconds.
type clock struct {
	wall  time.Time     // at the last look; zero: none yet
	up    time.Duration // by the monotonic clock
	even  time.Duration // up at the latest jump; zero: none was seen
	jumps *rate.Limiter
}

// jumped is by how much the wall clock must differ from the monotonic one to have jumped.
const jumped = time.Minute

// jump tells the chats if the clock was set since the last look, a few times an hour at most. wall has no monotonic
// reading; up is counted from any moment, always the same.
func (h *Health) jump(ctx context.Context, wall time.Time, up time.Duration) error {
	c := &h.clock
	if c.wall.IsZero() {
		c.wall, c.up, c.jumps = wall, up, rate.NewLimiter(rate.Every(15*time.Minute), 4)
	}
	expected := c.wall.Add(up - c.up)
	by := wall.Sub(expected)
	if by.Abs() > jumped {
		c.even = up
	}
	if by.Abs() > jumped && c.jumps.Allow() {
		direction := " ahead"
		if by < 0 {
			direction = " back"
		}
		key := "clock/" + expected.UTC().Format(time.RFC3339) + "/" + wall.UTC().Format(time.RFC3339)
		err := h.Post(ctx, key, headed("The clock has jumped",
			": from "+h.Words.moment(expected, wall)+" to "+h.Words.moment(wall, wall)+", "+
				humanDuration(by.Abs())+direction+". It was set, or the machine slept."))
		if err != nil {
			return err // the next look will see it again
		}
	}
	c.wall, c.up = wall, up
	return nil
}

// elapsed is how long the clock has not jumped, as far as anybody knows: time that it skipped has not passed.
func (h *Health) elapsed(now time.Time) time.Duration {
	if h.clock.even == 0 {
		return math.MaxInt64
	}
	return now.Sub(h.Started) - h.clock.even
}
