package app

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"

	"friendlyfire/enrich"
	"friendlyfire/store"
)

// memory returns to the system what an import or a picture has left behind. By itself the runtime keeps it for minutes,
// or for hours while the bot does nothing, although other programs on the machine could use it.
type memory struct {
	used  atomic.Bool
	left  bool // something was used and is not returned yet
	steps int  // one after the other in which it was used
	store *store.Store
	table *enrich.Table // nil: there is none
}

// Touch notes that much memory was used.
func (m *memory) Touch() { m.used.Store(true) }

// steadyUse is how many steps in a row use memory before it is returned all the same.
const steadyUse = 12

// Step returns the memory once none was used since the step before: while one question follows another, the next would
// only take it again. Where that never ends, as under the bans of a fleet, it is returned now and then.
func (m *memory) Step(ctx context.Context) error {
	if m.used.Swap(false) {
		m.left = true
		if m.steps++; m.steps < steadyUse {
			return nil
		}
	}
	m.steps = 0
	if !m.left {
		return nil
	}
	m.left = false
	err := m.store.Shrink(ctx)
	if m.table != nil {
		err = errors.Join(err, m.table.Release())
	}
	debug.FreeOSMemory()
	return errors.Join(err, releaseProgram())
}
