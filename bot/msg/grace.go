package msg

import (
	"context"
	"time"
)

// grace is how long a request that is under way may still take when the program stops. Stopping takes five seconds at
// most.
const grace = 3 * time.Second

// WithGrace returns a context for a request that is about to be sent. It outlives ctx by three seconds, because a
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
