package main

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"

	"friendlyfire/enrich"
	"friendlyfire/store"
)

// memory gives back to the system what an import or a picture has left behind. By itself the runtime keeps it for
// minutes, and a bot that lives beside other programs does nothing for hours.
type memory struct {
	used  atomic.Bool
	store *store.Store
	table *enrich.Table
}

func (m *memory) mark() { m.used.Store(true) }

// Step gives back what there is, if there may be any.
func (m *memory) Step(ctx context.Context) error {
	if !m.used.Swap(false) {
		return nil
	}
	err := errors.Join(m.store.Shrink(ctx), m.table.Rest())
	debug.FreeOSMemory()
	return err
}
