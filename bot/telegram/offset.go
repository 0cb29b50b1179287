package telegram

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/store"
)

// stale is when a bookmark is worth nothing any more. Telegram keeps updates for a day, and after a week without one
// it may begin with lower ids: nothing would be heard again. https://core.telegram.org/bots/api#getting-updates
const stale = 48 * time.Hour

// savedOffset is how far updates have been read, kept in the store under key.
type savedOffset struct {
	store *store.Store
	key   string

	read   bool // from the store
	offset int64
	at     time.Time
}

// next is the first update id that has not been read, 0 where any may come.
func (b *savedOffset) next(ctx context.Context) (int64, error) {
	if !b.read {
		kept, err := b.store.Value(ctx, b.key)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", b.key, err)
		}
		var at int64
		if n, err := fmt.Sscan(kept, &b.offset, &at); n == 2 && err == nil {
			b.at = time.Unix(at, 0)
		}
		b.read = true
	}
	if time.Since(b.at) > stale {
		return 0, nil
	}
	return b.offset, nil
}

// set moves the bookmark. It holds for this run even if the store fails.
func (b *savedOffset) set(ctx context.Context, next int64) error {
	b.offset, b.at = next, time.Now()
	return b.store.SetValue(ctx, b.key, fmt.Sprintf("%d %d", next, b.at.Unix()))
}
