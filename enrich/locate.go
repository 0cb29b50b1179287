package enrich

import (
	"context"
	"fmt"

	"friendlyfire/store"
)

// Locator looks up in the table all addresses that are not located yet, which after a change of tables are all.
type Locator struct {
	Store *store.Store
	Table *Table
	Next  func() // called when addresses were located
}

// Step locates all addresses that are not located yet.
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
