package bot

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// clock compares the wall clock, which people and daemons set, with the monotonic one, which only counts seconds.
type clock struct {
	wall  time.Time     // at the last look; zero: none yet
	up    time.Duration // by the monotonic clock
	even  time.Duration // up at the latest jump; zero: none was seen
	jumps *rate.Limiter
}

// clockDoubt is under what it is told that the clock is in doubt.
const clockDoubt = "doubt"

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
		direction, slept := "forward", " Or the machine slept."
		if by < 0 {
			direction, slept = "back", ""
		}
		key := "clock/" + expected.UTC().Format(time.RFC3339) + "/" + wall.UTC().Format(time.RFC3339)
		err := h.Post(ctx, key, headed("The clock was set "+direction+" by "+humanDuration(by.Abs()),
			": from "+h.Words.moment(expected, wall)+" to "+h.Words.moment(wall, expected)+"."+slept))
		if err != nil {
			return err // the next look will see it again
		}
	}
	c.wall, c.up = wall, up
	if h.Clock == nil {
		return nil
	}
	return errors.Join(h.Clock.Look(ctx, wall, up), h.doubt(ctx, wall, up))
}

// confirmedSoon is how long a platform has to confirm a clock before anybody is told that it is in doubt: it is after
// every longer absence.
const confirmedSoon = time.Minute

// absence is for how long a program may well have been off. A clock that is in doubt for no other reason is mentioned,
// and no trouble yet.
const absence = 7 * 24 * time.Hour

// doubt tells the chats, and the log, of a clock that is in doubt, and when it is not any more.
func (h *Health) doubt(ctx context.Context, wall time.Time, up time.Duration) error {
	d := h.Clock.Doubt()
	kept, err := h.Store.Value(ctx, "health/"+clockDoubt)
	told := kept != ""
	if err != nil || told == (d != nil) {
		return err
	}
	if d != nil && d.Witness == "" && h.Clock.Remote() && up < confirmedSoon {
		return nil
	}
	text := headed("The clock is right again", ": it shows "+h.Words.moment(wall, wall))
	if d != nil {
		text = h.Words.doubt(d, h.Clock.Remote())
	}
	if h.Log != nil {
		h.Log.Warn(text.String())
	}
	return h.tell(ctx, clockDoubt, d != nil, h.Chats, text, text)
}

// doubt says why the clock is in doubt, and what follows from that.
func (w Words) doubt(d *store.Doubt, remote bool) msg.Text {
	off := humanDuration(d.Ahead().Abs()) + " ahead of "
	if d.Ahead() < 0 {
		off = humanDuration(d.Ahead().Abs()) + " behind "
	}
	shows := ": it shows " + w.moment(d.Shown, d.Mark) + ", " + off
	if d.Witness != "" {
		return headed("The clock is wrong", shows+"what "+d.Witness+" says. Until it is set right, I delete nothing.")
	}
	until := "it goes on for a week without being set"
	if remote {
		until = "a chat platform gives the same time"
	}
	return headed("The clock may be wrong", shows+"when I last ran. Until it is set right, or "+until+
		", I delete nothing.")
}

// elapsed is how long the clock has not jumped, as far as anybody knows: time that it skipped has not passed.
func (h *Health) elapsed(now time.Time) time.Duration {
	if h.clock.even == 0 {
		return math.MaxInt64
	}
	return now.Sub(h.Started) - h.clock.even
}
