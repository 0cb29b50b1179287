package store

import (
	"context"
	"slices"
	"sync"
)

// turns lets one write at a time have the connection that writes: the urgent ones first, the others as they come.
// Of those that wait for a connection, database/sql would choose at random.
type turns struct {
	mu     sync.Mutex
	taken  bool
	urgent []chan struct{} // closed when its turn has come
	others []chan struct{}
}

// take waits for a turn. The caller gives it back.
func (t *turns) take(ctx context.Context, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	turn, queue := make(chan struct{}), &t.others
	if urgent {
		queue = &t.urgent
	}
	*queue = append(*queue, turn)
	t.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(*queue, turn)
	if i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // it came in the same moment
		t.give()
	}
	return ctx.Err()
}

// give gives the turn to the next in line.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, queue := range []*[]chan struct{}{&t.urgent, &t.others} {
		if len(*queue) > 0 {
			close((*queue)[0])
			*queue = slices.Delete(*queue, 0, 1)
			return
		}
	}
	t.taken = false
}
