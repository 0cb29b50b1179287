package bot

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
)

// clock compares the clock on the wall, which people and daemons set, with the one that only counts seconds.
type clock struct {
	wall  time.Time     // at the last look; zero: none yet
	up    time.Duration // by the other clock
	jumps *rate.Limiter
}

// jumped is by how much the clock on the wall must be wrong by the other one to have jumped.
const jumped = time.Minute

// jump tells of a clock that was set since the last look, a few times an hour at most. wall has no monotonic reading;
// up is since any moment.
func (h *Health) jump(ctx context.Context, wall time.Time, up time.Duration) error {
	c := &h.clock
	if c.wall.IsZero() {
		c.wall, c.up, c.jumps = wall, up, rate.NewLimiter(rate.Every(15*time.Minute), 4)
	}
	expected := c.wall.Add(up - c.up)
	by := wall.Sub(expected)
	if by.Abs() > jumped && c.jumps.Allow() {
		direction := " ahead"
		if by < 0 {
			direction = " back"
		}
		err := h.Post(ctx, "clock/"+expected.UTC().Format(time.RFC3339)+"/"+wall.UTC().Format(time.RFC3339), msg.Text{
			{Text: "The clock has jumped", Style: msg.Bold},
			{Text: ": from " + h.Words.moment(expected, wall) + " to " + h.Words.moment(wall, wall) + ", " + humanDuration(by.Abs()) + direction +
				". It was set, or the machine slept."},
		})
		if err != nil {
			return err // the next look sees it again
		}
	}
	c.wall, c.up = wall, up
	return nil
}
