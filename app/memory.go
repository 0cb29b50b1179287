package app

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
	left  bool // something was used, and is not given back
	store *store.Store
	table *enrich.Table
}

func (m *memory) Touch() { m.used.Store(true) }

// Step gives back what there is once nothing was used since the step before: while questions follow one another, the
// next would only fill it again.
func (m *memory) Step(ctx context.Context) error {
	if m.used.Swap(false) {
		m.left = true
		return nil
	}
	if !m.left {
		return nil
	}
	m.left = false
	err := errors.Join(m.store.Shrink(ctx), m.table.Release())
	debug.FreeOSMemory()
	return err
}
