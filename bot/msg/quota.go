package msg

import (
	"errors"
	"time"

	"golang.org/x/time/rate"
)

// Quota ekes out the messages that a provider takes in a day, so that a storm of a day is told to its end: so many at
// once, and then one every so often. A nil Quota has no end. It is safe for concurrent use.
type Quota struct{ left *rate.Limiter }

// NewQuota returns a quota of burst messages, and of one more after each time every.
func NewQuota(burst int, every time.Duration) *Quota {
	return &Quota{rate.NewLimiter(rate.Every(every), burst)}
}

// Wait returns how long it is until a message may be sent; 0: now.
func (q *Quota) Wait() time.Duration {
	if q == nil {
		return 0
	}
	r := q.left.Reserve()
	defer r.Cancel()
	return r.Delay()
}

// Take counts a message that was sent with that outcome, unless it certainly did not arrive.
func (q *Quota) Take(outcome error) {
	_, limited := errors.AsType[*RetryAfterError](outcome)
	_, unsent := errors.AsType[*NotSentError](outcome)
	_, rejected := errors.AsType[*RejectedError](outcome)
	if q != nil && !limited && !unsent && !rejected {
		q.left.Allow()
	}
}
