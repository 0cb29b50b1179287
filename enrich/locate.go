package enrich

import (
	"context"
	"fmt"
	"net/netip"

	"friendlyfire/store"
)

// Locator asks the table for every address that is new.
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
			located[i].ID = a.ID
			addr, err := netip.ParseAddr(a.Text)
			if err != nil || !Public(addr) {
				continue
			}
			located[i].Public = true
			if located[i].Country, err = l.Table.Country(addr); err != nil {
				return fmt.Errorf("locate %s in %s: %w", addr, l.Table.Name(), err)
			}
		}
		if err := l.Store.Locate(ctx, located); err != nil {
			return fmt.Errorf("locate: %w", err)
		}
		if l.Next != nil {
			l.Next()
		}
	}
}
