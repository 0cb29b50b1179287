package ingest

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/store"
	"friendlyfire/stream"
)

// StepEarly keeps bans that agents have published and the stream does not bring, as while its servers elect a leader.
// It brings them later, and they are known then. What is no good ban is left to that. StepEarly may run while Step
// does.
func (r *StreamReader) StepEarly(ctx context.Context) error {
	now := time.Now()
	b := store.Batch{Source: r.Name, Early: true, Open: true, ReadAt: now, Place: r.Place}
	for _, m := range r.Stream.Early() {
		server, rec, err := r.readMessage(m)
		if err == nil && rec.Kind == stream.Ban && addRecord(&b, server, rec) {
			b.Lines++
		}
	}
	if b.Lines == 0 {
		return nil
	}
	b.NewsSince, b.NewsUntil = new(steps).newsBy(now, r.Clock, r.MaxAge)
	b.Prepare()
	added, err := r.Store.AddBans(ctx, b)
	if err != nil {
		return fmt.Errorf("source %s: %w", r.Name, err)
	}
	if added > 0 {
		r.Next()
	}
	return nil
}
