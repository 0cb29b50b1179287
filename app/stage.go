package app

import (
	"context"
	"log/slog"
	"time"
)

// stage is a step that is taken again and again: whenever the stage is woken, and after a pause even if it is not.
type stage struct {
	name  string
	every time.Duration // the longest pause
	step  func(context.Context) error
	woken chan struct{}
	pause time.Duration // before the next step
}

func newStage(name string, every time.Duration) *stage {
	return &stage{name: name, every: every, woken: make(chan struct{}, 1)}
}

// doing sets the step, and returns the stage.
func (s *stage) doing(step func(context.Context) error) *stage {
	s.step = step
	return s
}

// Wake makes the stage take a step now or, if it is taking one, another right after it.
func (s *stage) Wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// RetryIn makes the pause after this step no longer than d. Only the step itself may call it.
func (s *stage) RetryIn(d time.Duration) { s.pause = min(s.pause, d) }

// loop takes steps until ctx ends. An error does not end it: the next step may succeed. It is logged when it differs
// from the one before.
func (s *stage) loop(ctx context.Context, log *slog.Logger) {
	last := "" // error of the step before
	for {
		s.pause = s.every
		failure := ""
		if err := s.step(ctx); err != nil && ctx.Err() == nil {
			failure = err.Error()
		}
		switch {
		case failure == last:
		case failure != "":
			log.Error("step failed, will be tried again", "stage", s.name, "error", failure)
		default:
			log.Info("step works again", "stage", s.name)
		}
		last = failure
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.pause):
		case <-s.woken:
		}
	}
}
