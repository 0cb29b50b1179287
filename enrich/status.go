package enrich

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"friendlyfire/store"
)

// Standing is the state of whois.
type Standing struct {
	Backlog int              // public addresses without an answer
	Silent  []store.Registry // servers with a backoff after trouble, by name
	Refused []store.Registry // servers that have ever refused, by name
}

// Standing returns the state of whois.
func (w *Whois) Standing(ctx context.Context) (s Standing, err error) {
	if s.Backlog, err = w.Store.Backlog(ctx); err != nil {
		return s, fmt.Errorf("whois status: %w", err)
	}
	states, err := w.Store.Registries(ctx)
	if err != nil {
		return s, fmt.Errorf("whois status: %w", err)
	}
	now := time.Now()
	for _, name := range slices.Sorted(maps.Keys(states)) {
		r := states[name]
		if r.SilentTill.After(now) {
			s.Silent = append(s.Silent, r)
		}
		if r.Refusals > 0 {
			s.Refused = append(s.Refused, r)
		}
	}
	return s, nil
}

// Budget is a registry's limit of queries for a day, and how many were sent today, in UTC.
type Budget struct {
	store.Registry
	PerDay int // 0: no limit
}

// Budgets returns those of all servers that were ever queried, by name. Servers that are not registries are added up
// under the name "mirror".
func (w *Whois) Budgets(ctx context.Context) ([]Budget, error) {
	states, err := w.Store.Registries(ctx)
	if err != nil {
		return nil, fmt.Errorf("whois budgets: %w", err)
	}
	today := dayOf(time.Now())
	var all []Budget
	var own Budget // of mirrors, past and present
	for _, name := range slices.Sorted(maps.Keys(states)) {
		r := states[name]
		if r.Day != today {
			r.Asked = 0
		}
		if reg, ok := registries[name]; ok {
			all = append(all, Budget{r, reg.perDay})
			continue
		}
		own.Server = "mirror"
		own.Asked += r.Asked
		own.Refusals += r.Refusals
	}
	if own.Server != "" {
		all = append(all, own)
	}
	return all, nil
}
