package enrich

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/store"
)

// Standing is how whois gets on.
type Standing struct {
	Backlog int              // public addresses without an answer
	Silent  []store.Registry // servers that are left alone after trouble, by name
	Refused []store.Registry // servers that ever refused, by name
}

// Standing tells how whois gets on.
func (w *Whois) Standing(ctx context.Context) (s Standing, err error) {
	if s.Backlog, err = w.Store.Backlog(ctx); err != nil {
		return s, fmt.Errorf("whois status: %w", err)
	}
	kept, err := w.Store.Registries(ctx)
	if err != nil {
		return s, fmt.Errorf("whois status: %w", err)
	}
	now := time.Now()
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		r := kept[name]
		if r.SilentTill.After(now) {
			s.Silent = append(s.Silent, r)
		}
		if r.Refusals > 0 {
			s.Refused = append(s.Refused, r)
		}
	}
	return s, nil
}

// Budget is what may be asked of a registry in a day, and what has been asked today; days are UTC's.
type Budget struct {
	store.Registry
	PerDay int // 0: no limit
}

// Budgets are those of all servers that were ever asked, by name. One that is no registry is called "mirror".
func (w *Whois) Budgets(ctx context.Context) ([]Budget, error) {
	kept, err := w.Store.Registries(ctx)
	if err != nil {
		return nil, fmt.Errorf("whois budgets: %w", err)
	}
	today := dayOf(time.Now())
	var all []Budget
	var own Budget // of mirrors, past and present
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		r := kept[name]
		if r.Day != today {
			r.Asked = 0
		}
		if g, ok := registries[name]; ok {
			all = append(all, Budget{r, g.perDay})
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

// Status is the standing in one line.
func (w *Whois) Status(ctx context.Context) (string, error) {
	s, err := w.Standing(ctx)
	if err != nil {
		return "", err
	}
	budgets, err := w.Budgets(ctx)
	if err != nil {
		return "", err
	}
	asked := 0
	for _, b := range budgets {
		asked += b.Asked
	}
	parts := []string{"no address to ask for"}
	if s.Backlog > 0 {
		parts[0] = fmt.Sprintf("%d addresses to ask for", s.Backlog)
	}
	parts = append(parts, fmt.Sprintf("%d asked today", asked))
	const most = 2 // are news; more are a network without port 43
	for _, r := range s.Silent[:min(most, len(s.Silent))] {
		parts = append(parts, fmt.Sprintf("%s left alone until %s (%s)", r.Server, r.SilentTill.UTC().Format("15:04 UTC"), store.Clean(r.Trouble, 80)))
	}
	if n := len(s.Silent) - most; n > 0 {
		parts = append(parts, fmt.Sprintf("and so are %d more", n))
	}
	return strings.Join(parts, ", "), nil
}
