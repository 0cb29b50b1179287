package bot

import (
	"context"
	"time"
)

// KeepTrying is for how long a chat is tried in vain before what was posted by then is given up. What counts is the
// time in which attempts were made, and failed: neither that of a clock that is set, nor that in which the program did
// not run.
const KeepTrying = 7 * 24 * time.Hour

// vainKept is how much of that time a crash may cost.
const vainKept = 5 * time.Minute

// giveUp counts the time from one attempt in vain to the next, by the monotonic clock, and gives up what has had enough
// of it. Pictures do not count: what cannot be uploaded becomes words.
func (d *Deliverer) giveUp(ctx context.Context, arrived bool) error {
	now := time.Now()
	if arrived || d.Pictures {
		d.vain = time.Time{}
		return nil
	}
	if d.vain.IsZero() {
		d.vain = now
	}
	spent := now.Sub(d.vain)
	if spent < vainKept {
		return nil
	}
	d.vain = now
	return d.Store.TriedInVain(context.WithoutCancel(ctx), d.Chat, spent, KeepTrying, now)
}
