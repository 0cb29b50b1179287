package enrich

import (
	"context"
	"errors"
	"fmt"

	"friendlyfire/store"
)

// Locator looks up in the table all addresses that are not located yet, which after a change of tables are all.
type Locator struct {
	Store *store.Store
	Table *Table
	Watch bool   // the table's files: takes new ones, and keeps what is wrong with them in the store
	Next  func() // called when addresses were located
}

// Step locates all addresses that are not located yet. With Watch it first takes the table's file if that has changed;
// only between steps, so that what one table says is never kept as what the next one does.
func (l *Locator) Step(ctx context.Context) error {
	if l.Watch {
		l.Table.Refresh(ctx)
		countries, systems := l.Table.Trouble()
		err := errors.Join(l.Store.SetTableTrouble(ctx, store.CountryTable, countries),
			l.Store.SetTableTrouble(ctx, store.SystemTable, systems))
		if err != nil {
			return fmt.Errorf("locate: %w", err)
		}
	}
	if err := l.Store.UseTable(ctx, l.Table.ID()); err != nil {
		return fmt.Errorf("locate: %w", err)
	}
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
