package msg

import (
	"context"
	"time"
)

// grace is how long a request that is under way may take to its end when the program stops, which has five seconds.
const grace = 3 * time.Second

// WithGrace returns the context of a request that is about to leave: it outlives ctx by three seconds, because a
// message whose answer nobody waits for would have to be sent again.
func WithGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}
