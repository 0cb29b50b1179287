package store

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Clock says how far the wall clock, which people and daemons set, can be believed.
//
// Its mark is what the clock should show: what it showed when the program last ran, and the seconds that the monotonic
// clock has counted since. A clock that is within a day of its mark moves the mark. One that is further off, or that a
// platform's answers contradict by more than an hour, is in doubt: nothing may be deleted by it. The doubt ends
//
//   - when a platform on another machine gives the same time (the Date of its answers, RFC 9110, 6.6.1), or
//   - when the clock is back within a day of its mark, or
//   - where no such platform is configured, when the clock has gone on for seven days without being set, and the
//     program has looked at it every day.
//
// The first and the last of these also confirm the clock, as the clock of a new database must be before anything is
// deleted by it. So a server that was off for a month is in doubt until a platform answers, and for a week at most. A
// platform that is configured but out of reach does not let the week pass for a confirmation: with a clock that is
// years ahead every certificate has expired, and no platform can be asked.
type Clock struct {
	store  *Store
	remote bool

	mu        sync.Mutex
	kept      clockState // as the database has it
	state     clockState
	looked    bool
	mark      time.Time
	wall      time.Time            // at the latest look, of this process or an earlier one
	up        time.Duration        // at the latest look
	witnesses map[string]testimony // by name, since the clock was last set
	strangers map[string]bool      // witnesses that have contradicted the clock: they have one of their own
}

// clockState is what a restart must know.
type clockState struct {
	Mark  int64  `json:"mark"`            // unix seconds
	Wall  int64  `json:"wall"`            // at the latest look
	Since int64  `json:"since"`           // the first look since the clock was last set, by the clock itself
	Sure  bool   `json:"sure"`            // the clock that the mark was taken from was confirmed
	Doubt *Doubt `json:"doubt,omitempty"` // nil: none
}

// Doubt is why the clock is in doubt.
type Doubt struct {
	Shown   time.Time `json:"shown"`             // by the clock, when that began
	Mark    time.Time `json:"mark"`              // what it should have shown
	Witness string    `json:"witness,omitempty"` // who contradicts it; "": only the mark does
}

// Ahead is by how much the clock was ahead of its mark or of the witness; negative: behind.
func (d *Doubt) Ahead() time.Duration { return d.Shown.Sub(d.Mark) }

// testimony is what a witness says.
type testimony struct {
	behind      time.Duration // how far the clock was behind the witness
	independent bool          // the witness has a clock of its own
}

// Limits of belief.
const (
	clockSlack = 24 * time.Hour // from the mark
	dateSlack  = time.Hour      // from a witness
	clockStep  = time.Minute    // a smaller difference from the monotonic clock is a correction, not a step
	steadyLong = 7 * 24 * time.Hour

	clockKey       = "store/clock"
	clockKeptEvery = time.Hour // how often the mark is written, while nothing else changes
)

// OpenClock returns the clock as the database last knew it. remote says that a platform on another machine is
// configured, which will confirm it. The first Look judges it.
func (s *Store) OpenClock(ctx context.Context, remote bool) (*Clock, error) {
	c := &Clock{store: s, remote: remote, witnesses: map[string]testimony{}, strangers: map[string]bool{}}
	text, err := s.Value(ctx, clockKey)
	if err != nil {
		return nil, fmt.Errorf("clock: %w", err)
	}
	if text == "" || json.Unmarshal([]byte(text), &c.state) != nil {
		c.state = clockState{}
		// What an earlier release has left; with a new database, the moment when that was made.
		err := s.r.QueryRowContext(ctx, `SELECT max((SELECT coalesce(max(sent_at), 0) FROM chats),
			(SELECT coalesce(max(last_line_at), 0) FROM sources),
			(SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'store/born'))`).Scan(&c.state.Mark)
		if err != nil {
			return nil, fmt.Errorf("clock: %w", err)
		}
		c.state.Wall, c.state.Since = c.state.Mark, c.state.Mark
	}
	c.kept, c.mark, c.wall = c.state, time.Unix(c.state.Mark, 0), time.Unix(c.state.Wall, 0)
	return c, nil
}

// Witness tells the clock what time a platform gave just now. One on this machine has this machine's clock: it can
// contradict the clock, but not confirm it.
func (c *Clock) Witness(name string, remote bool, at time.Time) {
	behind := at.Sub(time.Now().Round(0))
	c.mu.Lock()
	defer c.mu.Unlock()
	if behind.Abs() > dateSlack {
		c.strangers[name] = true
	}
	c.witnesses[name] = testimony{behind, remote || c.strangers[name]}
}

// Look judges the wall clock, which has no monotonic reading; up is counted by the monotonic clock from any moment,
// always the same. It is to be called at least once a minute.
func (c *Clock) Look(ctx context.Context, wall time.Time, up time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var set bool
	first, elapsed := !c.looked, max(up-c.up, 0)
	if first { // nobody has counted since the latest look
		elapsed = wall.Sub(c.wall)
		if set = elapsed < -clockStep || elapsed > clockSlack; set {
			elapsed = 0
		}
	} else {
		set = wall.Sub(c.wall.Add(elapsed)).Abs() > clockStep
	}
	if set {
		clear(c.witnesses)
		c.state.Since = wall.Unix()
	}
	c.looked, c.wall, c.up = true, wall, up
	doubted := c.state.Doubt != nil
	c.judge(wall, c.mark.Add(elapsed))
	c.state.Mark, c.state.Wall = c.mark.Unix(), wall.Unix()
	if c.state.Doubt == nil && (first || set || doubted) {
		if err := c.store.heal(ctx, wall); err != nil {
			return err
		}
	}
	return c.save(ctx, false)
}

// judge moves the mark, and begins or ends the doubt.
func (c *Clock) judge(wall, expected time.Time) {
	long := !c.remote && wall.Sub(time.Unix(c.state.Since, 0)) >= steadyLong
	who, says := c.testimony()
	switch {
	case who != "" && says.behind.Abs() > dateSlack:
		c.mark = expected
		if d := c.state.Doubt; d == nil || d.Witness == "" {
			c.state.Doubt = &Doubt{Shown: wall, Mark: wall.Add(says.behind).Truncate(time.Second), Witness: who}
		}
	case says.independent || long:
		c.mark, c.state.Sure, c.state.Doubt = wall, true, nil
	case wall.Sub(expected).Abs() <= clockSlack:
		c.mark, c.state.Doubt = wall, nil
	default:
		c.mark = expected
		if c.state.Doubt == nil {
			c.state.Doubt = &Doubt{Shown: wall, Mark: expected}
		}
	}
}

// testimony returns what counts of what the witnesses say: the word of one that has a clock of its own and agrees, or
// else of one that contradicts.
func (c *Clock) testimony() (who string, says testimony) {
	for name, w := range c.witnesses {
		agrees := w.behind.Abs() <= dateSlack
		if agrees && w.independent {
			return name, w
		}
		if !agrees {
			who, says = name, w
		}
	}
	return who, says
}

// save writes the state if it has changed, and the mark alone once an hour or if now is set.
func (c *Clock) save(ctx context.Context, now bool) error {
	moved := time.Duration(c.state.Wall-c.kept.Wall) * time.Second
	same := c.state.Sure == c.kept.Sure && c.state.Doubt == c.kept.Doubt && c.state.Since == c.kept.Since
	if same && (moved == 0 || moved.Abs() < clockKeptEvery && !now) {
		return nil
	}
	text, err := json.Marshal(c.state)
	if err != nil {
		return err
	}
	if err := c.store.SetValue(ctx, clockKey, string(text)); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	c.kept = c.state
	return nil
}

// Save writes the mark, before the program ends.
func (c *Clock) Save(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.looked {
		return nil
	}
	return c.save(ctx, true)
}

// Doubt returns why the clock is in doubt, nil if it is not. A nil Clock is never in doubt.
func (c *Clock) Doubt() *Doubt {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Doubt
}

// Confirmed reports whether something else has confirmed the clock, and nothing casts doubt on it since: things may be
// deleted by it.
func (c *Clock) Confirmed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Sure && c.state.Doubt == nil
}

// Expected is what a clock that is in doubt should show, and now for one that is not.
func (c *Clock) Expected(now time.Time) time.Time {
	if c == nil {
		return now
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Doubt == nil {
		return now
	}
	return c.mark
}

// Settled reports whether the clock is not in doubt, and has not been set for an hour. A nil Clock always is.
func (c *Clock) Settled() bool {
	if c == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Doubt == nil && c.wall.Sub(time.Unix(c.state.Since, 0)) >= time.Hour
}

// Remote reports whether a platform on another machine is to confirm the clock.
func (c *Clock) Remote() bool { return c.remote }

// Off is how far the clock is ahead of its mark; negative: behind. It is of use where nobody looks at the clock all the
// time: for a command that deletes.
func (c *Clock) Off(wall time.Time) time.Duration { return wall.Sub(c.mark) }

// Astray reports whether a clock that is so far ahead of its mark is in doubt.
func Astray(off time.Duration) bool { return off.Abs() > clockSlack }
