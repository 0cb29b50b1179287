package enrich

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"friendlyfire/store"
)

// moment is the form of dates for people, in all of the program.
const moment = "Mon 2 Jan 15:04"

// laterError reports a server that must not be queried before until. No query was sent.
type laterError struct {
	server string
	until  time.Time
}

func (e *laterError) Error() string {
	return fmt.Sprintf("%s is not asked before %s", e.server, e.until.Format(moment))
}

// isWhoisError reports whether the error comes from whois, not from the database.
func isWhoisError(err error) bool {
	return is[*RefusedError](err) || is[*UnreachableError](err) || is[*ReferralError](err) ||
		is[*NoDataError](err) || is[*laterError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// followReferrals sends q to the server, follows up to two referrals, and saves the answer. If there is none, it sets
// q.Server to the server for the next attempt.
func (w *Whois) followReferrals(
	ctx context.Context, q *store.WhoisQuery, server string, news bool, tell func(string, ...any),
) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	first := *q
	asked := map[string]bool{}
	for hops := 0; ; {
		if !asked[server] && len(asked) > 0 && !w.move(*q, server) {
			q.Server = server
			return &laterError{server, time.Now().Add(time.Second)}
		}
		asked[server] = true
		if err := w.countQuery(ctx, server, news); err != nil {
			if len(asked) > 1 && server != iana {
				q.Server = server // next time, ask it directly
			}
			return err
		}
		answer, err := w.Resolver.Resolve(ctx, server, q.Addr)
		if err == nil {
			tell("%s says %s of %v (%s)", server, countryText(answer.Country), answer.Networks, answer.Name)
			if err := w.Store.ChangeRegistry(ctx, server, clearTrouble); err != nil {
				return err
			}
			return w.saveAnswer(ctx, *q, server, answer)
		}
		tell("%v", err)
		if err := w.recordTrouble(ctx, server, err); err != nil {
			return err
		}
		ref, ok := errors.AsType[*ReferralError](err)
		if !ok {
			return err
		}
		if server == iana {
			if err := w.assign(ctx, first.Server, ref); err != nil {
				return err
			}
			server = ref.Other
			q.Server, first.Server = server, server
			continue
		}
		next := cmp.Or(ref.Other, arin) // ARIN knows the registry of every early registration
		if hops++; hops > maxHops || asked[next] || w.Mirror != "" {
			q.Server = first.Server
			return err
		}
		server = next
	}
}

// assign saves the server that IANA has named for a block; asked is the block of the query.
func (w *Whois) assign(ctx context.Context, asked string, named *ReferralError) error {
	block := named.Block
	if !block.IsValid() {
		block, _ = netip.ParsePrefix(asked)
	}
	if !block.IsValid() {
		return nil
	}
	return w.Store.Assign(ctx, block, named.Other)
}

// countQuery counts a query to the server if the rate limit allows it now, else it returns a *laterError.
func (w *Whois) countQuery(ctx context.Context, server string, news bool) error {
	now := time.Now()
	var wait time.Duration
	err := w.Store.ChangeRegistry(ctx, server, func(r *store.Registry) bool {
		moved := r.SetBack(now)
		if wait = registryOf(server).wait(*r, news, now); wait > 0 {
			return moved
		}
		registryOf(server).asked(r, now)
		return true
	})
	if err == nil && wait > 0 {
		return &laterError{server, now.Add(wait)}
	}
	return err
}

// saveAnswer stores an answer. If the table contradicts it, it is stored also for the table's network around the
// address, so that it is not doubted there again.
func (w *Whois) saveAnswer(ctx context.Context, q store.WhoisQuery, server string, a Answer) error {
	prefixes := a.Networks
	for _, p := range a.Networks {
		if !p.Contains(q.Addr) {
			continue
		}
		if part := w.doubt(q.Addr, p, a.Country); part.IsValid() {
			prefixes = append(slices.Clone(prefixes), part)
		}
	}
	networks := make([]store.Network, len(prefixes))
	for i, p := range prefixes {
		networks[i] = store.Network{
			Prefix: p, Country: a.Country, Name: a.Name, Server: server, AnsweredAt: time.Now(),
		}
	}
	return w.Store.Answer(ctx, q, networks)
}

// recordTrouble starts or prolongs the server's backoff if the error is its fault, and else ends it.
func (w *Whois) recordTrouble(ctx context.Context, server string, err error) error {
	if ctxErr := context.Cause(ctx); errors.Is(ctxErr, context.Canceled) {
		return ctxErr // we gave up, not the server
	}
	change, now := clearTrouble, time.Now()
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		change = func(r *store.Registry) bool {
			r.Troubles++
			r.Refusals++
			r.Trouble = refused.Said
			r.Silence(now, nth(refusalBackoff, r.Troubles))
			if r.RefusedSince.IsZero() {
				r.RefusedSince = now
			}
			return true
		}
	} else if silent, ok := errors.AsType[*UnreachableError](err); ok {
		change = func(r *store.Registry) bool {
			r.Troubles++
			r.Trouble = store.Clean(silent.Err.Error(), 120)
			r.Silence(now, nth(silenceBackoff, r.Troubles))
			return true
		}
	}
	return w.Store.ChangeRegistry(context.WithoutCancel(ctx), server, change)
}

// clearTrouble ends the backoff of a server that answers. It reports whether there was any trouble.
func clearTrouble(r *store.Registry) bool {
	was := r.Troubles > 0
	r.Troubles, r.SilentFrom, r.SilentTill, r.RefusedSince = 0, time.Time{}, time.Time{}, time.Time{}
	return was
}

func countryText(c store.Country) string {
	if c == "" {
		return "no country"
	}
	return string(c)
}
