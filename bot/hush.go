package bot

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// hushFor is how long a chat is quiet that was asked to be: only alerts ring there. Nothing is held back by it.
const hushFor = 24 * time.Hour

// hushKey is where the store keeps until when a chat is quiet, by the name that the chat has now, for all its topics.
func hushKey(c store.Chat) string { return "quiet/" + c.Platform + "/" + base(c.ID) }

// setHush makes a chat quiet until a moment; zero: not any more.
func setHush(ctx context.Context, s *store.Store, c store.Chat, until time.Time) error {
	value := ""
	if !until.IsZero() {
		value = stamp(until)
	}
	return s.SetValue(ctx, hushKey(c), value)
}

// hushed is until when the chat is quiet; zero: it is not. A time that no press can have set, since the clock was set
// back, counts for nothing.
func hushed(ctx context.Context, s *store.Store, c store.Chat, now time.Time) (until time.Time, err error) {
	kept, err := s.Value(ctx, hushKey(c))
	if err != nil || kept == "" {
		return time.Time{}, err
	}
	if until, err = time.Parse(time.RFC3339, kept); err != nil {
		return time.Time{}, fmt.Errorf("value of %s: %w", hushKey(c), err)
	}
	if !now.Before(until) || until.Sub(now) > hushFor {
		return time.Time{}, nil
	}
	return until, nil
}

// rings reports whether the parcel is to ring in the chat.
func (d *Deliverer) rings(ctx context.Context, p *parcel) (bool, error) {
	if p.storm != nil || p.body.Ban != nil || p.body.Silent {
		return !p.body.Silent, nil
	}
	status, err := d.Store.ChatStatus(ctx, d.Chat)
	if err != nil {
		return false, err
	}
	until, err := hushed(ctx, d.Store, store.Chat{Platform: d.Chat.Platform, ID: status.Destination()}, time.Now())
	return until.IsZero(), err
}

// hush is the line on a chat's quiet time; nil if it has none.
func (w Words) hush(until, now time.Time) msg.Text {
	if until.IsZero() {
		return nil
	}
	return plain("Until " + w.stamp(until, now) + " only alerts ring here.")
}
