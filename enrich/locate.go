package enrich

import (
	"context"
	"fmt"

	"friendlyfire/store"
)

// Locator asks the table for every address that it has not placed: after a change of tables, all of them.
type Locator struct {
	Store *store.Store
	Table *Table
	Next  func() // called when addresses were placed
}

// Step places all addresses that have not been.
func (l *Locator) Step(ctx context.Context) error {
	const batch = 10_000
	for {
		addresses, err := l.Store.Unlocated(ctx, batch)
		if err != nil {
			return fmt.Errorf("locate: %w", err)
		}
		if len(addresses) == 0 {
			return nil
		}
		located := make([]store.Located, len(addresses))
		for i, a := range addresses {
			if located[i], err = l.Table.Place(a.Text); err != nil {
				return fmt.Errorf("locate: %w", err)
			}
			located[i].ID = a.ID
		}
		if err := l.Store.Locate(ctx, located); err != nil {
			return fmt.Errorf("locate: %w", err)
		}
		if l.Next != nil {
			l.Next()
		}
	}
}
