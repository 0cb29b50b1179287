package telegram

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/store"
)

// offsetLifetime is how long an offset is used. Telegram keeps updates for a day, and after a week without any it may
// choose lower ids, which an old offset would exclude. https://core.telegram.org/bots/api#getting-updates
const offsetLifetime = 48 * time.Hour

// savedOffset is the offset of getUpdates, kept in the store under key.
type savedOffset struct {
	store *store.Store
	key   string
	keep  func(ctx context.Context, key, value string) error // nil: nobody else need know

	loaded  bool // from the store
	offset  int64
	savedAt time.Time
}

// next returns the id of the first update that was not read yet, 0 for whichever comes first.
func (o *savedOffset) next(ctx context.Context) (int64, error) {
	if !o.loaded {
		saved, err := o.store.Value(ctx, o.key)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", o.key, err)
		}
		var at int64
		if n, err := fmt.Sscan(saved, &o.offset, &at); n == 2 && err == nil {
			o.savedAt = time.Unix(at, 0)
		}
		o.loaded = true
	}
	if time.Since(o.savedAt) > offsetLifetime {
		return 0, nil
	}
	return o.offset, nil
}

// share lets another bot that may poll later know the offset. After an error the updates before it may be that one's.
func (o *savedOffset) share(ctx context.Context, next int64) error {
	if o.keep == nil {
		return nil
	}
	return o.keep(ctx, o.key, offsetText(next, time.Now()))
}

// save sets the offset. It holds for this run even if the store fails.
func (o *savedOffset) save(ctx context.Context, next int64) error {
	o.offset, o.savedAt = next, time.Now()
	return o.store.SetValue(ctx, o.key, offsetText(next, o.savedAt))
}

func offsetText(next int64, at time.Time) string { return fmt.Sprintf("%d %d", next, at.Unix()) }
