package app

import (
	"context"
	"log/slog"
	"time"
)

// stage is a step that is taken again and again: when it is woken, and after a pause in case nobody did.
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

// doing is the stage, with its step.
func (s *stage) doing(step func(context.Context) error) *stage {
	s.step = step
	return s
}

// Wake wakes the stage; while it works, so that it works once more.
func (s *stage) Wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// RetryIn makes the next pause no longer than d. Only the step itself may call it.
func (s *stage) RetryIn(d time.Duration) { s.pause = min(s.pause, d) }

// loop steps until ctx ends. An error is logged when it is news, and the next step may mend it.
func (s *stage) loop(ctx context.Context, log *slog.Logger) {
	last := ""
	for {
		s.pause = s.every
		now := ""
		if err := s.step(ctx); err != nil && ctx.Err() == nil {
			now = err.Error()
		}
		switch {
		case now == last:
		case now != "":
			log.Error("step failed, will be tried again", "stage", s.name, "error", now)
		default:
			log.Info("step works again", "stage", s.name)
		}
		last = now
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.pause):
		case <-s.woken:
		}
	}
}
