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

// Status is the standing in one line.
func (w *Whois) Status(ctx context.Context) (string, error) {
	s, err := w.Standing(ctx)
	if err != nil {
		return "", err
	}
	parts := []string{"nothing to ask"}
	if s.Backlog > 0 {
		parts[0] = fmt.Sprintf("%d addresses to ask for", s.Backlog)
	}
	for _, r := range s.Silent {
		parts = append(parts, fmt.Sprintf("%s left alone until %s (%s)", r.Server, r.SilentTill.UTC().Format("2006-01-02 15:04 UTC"), r.Trouble))
	}
	for _, r := range s.Refused {
		parts = append(parts, fmt.Sprintf("%s has refused %d times", r.Server, r.Refusals))
	}
	return strings.Join(parts, "; "), nil
}
