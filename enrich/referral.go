package enrich

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"friendlyfire/store"
)

// laterError is a server that may not be asked before until. Nothing was asked of it.
type laterError struct {
	server string
	until  time.Time
}

func (e *laterError) Error() string {
	return fmt.Sprintf("%s is not asked before %s", e.server, e.until.Format(time.DateTime))
}

// ours reports whether the error is about an answer, not about the database.
func ours(err error) bool {
	for _, is := range []func(error) bool{is[*RefusedError], is[*UnreachableError], is[*ReferralError], is[*NoDataError], is[*laterError]} {
		if is(err) {
			return true
		}
	}
	return false
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// followReferrals asks the server for q, then whom it refers to, two at most, and keeps the answer. Where that ends without
// one, q tells whom to ask next time.
func (w *Whois) followReferrals(ctx context.Context, q *store.WhoisQuery, server string, news bool, tell func(string, ...any)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	first := *q
	asked := map[string]bool{}
	for hops := 0; ; {
		if !asked[server] && len(asked) > 0 && !w.move(*q, server) {
			q.Server = server
			return &laterError{server, time.Now().Add(time.Second)}
		}
		asked[server] = true
		if err := w.take(ctx, server, news); err != nil {
			if len(asked) > 1 && server != iana {
				q.Server = server // asked directly then
			}
			return err
		}
		answer, err := w.Resolver.Resolve(ctx, server, q.Addr)
		if err == nil {
			tell("%s says %s of %v (%s)", server, spell(answer.Country), answer.Networks, answer.Name)
			if err := w.Store.ChangeRegistry(ctx, server, calm); err != nil {
				return err
			}
			return w.keep(ctx, *q, server, answer)
		}
		tell("%v", err)
		if err := w.record(ctx, server, err); err != nil {
			return err
		}
		elsewhere, ok := errors.AsType[*ReferralError](err)
		if !ok {
			return err
		}
		if server == iana {
			if err := w.assign(ctx, first.Server, elsewhere); err != nil {
				return err
			}
			server = elsewhere.Other
			q.Server, first.Server = server, server
			continue
		}
		next := cmp.Or(elsewhere.Other, arin) // which knows of every early registration where it went
		if hops++; hops > maxHops || asked[next] || w.Mirror != "" {
			q.Server = first.Server
			return err
		}
		server = next
	}
}

// assign remembers whom IANA has named for a block; asked is the block it was asked for.
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

// take notes a question to the server, if it may be asked now.
func (w *Whois) take(ctx context.Context, server string, news bool) error {
	now := time.Now()
	var wait time.Duration
	err := w.Store.ChangeRegistry(ctx, server, func(r *store.Registry) bool {
		if wait = rules(server).wait(*r, news, now); wait > 0 {
			return false
		}
		rules(server).asked(r, now)
		return true
	})
	if err == nil && wait > 0 {
		return &laterError{server, now.Add(wait)}
	}
	return err
}

// keep writes an answer down.
func (w *Whois) keep(ctx context.Context, q store.WhoisQuery, server string, a Answer) error {
	networks := make([]store.Network, len(a.Networks))
	for i, p := range a.Networks {
		networks[i] = store.Network{Prefix: p, Country: a.Country, Name: a.Name, Server: server, AnsweredAt: time.Now()}
	}
	return w.Store.Answer(ctx, q, networks)
}

// record notes the server's trouble, if the error is one, or that it is over.
func (w *Whois) record(ctx context.Context, server string, err error) error {
	if ctxErr := context.Cause(ctx); errors.Is(ctxErr, context.Canceled) {
		return ctxErr // it is us who left
	}
	change := calm
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		change = func(r *store.Registry) bool {
			r.Troubles++
			r.Refusals++
			r.Trouble, r.SilentTill = refused.Said, time.Now().Add(nth(afterRefusal, r.Troubles))
			if r.RefusedSince.IsZero() {
				r.RefusedSince = time.Now()
			}
			return true
		}
	} else if silent, ok := errors.AsType[*UnreachableError](err); ok {
		change = func(r *store.Registry) bool {
			r.Troubles++
			r.Trouble, r.SilentTill = store.Clean(silent.Err.Error(), 120), time.Now().Add(nth(afterSilence, r.Troubles))
			return true
		}
	}
	return w.Store.ChangeRegistry(context.WithoutCancel(ctx), server, change)
}

// calm notes that a server answers.
func calm(r *store.Registry) bool {
	was := r.Troubles > 0
	r.Troubles, r.SilentTill, r.RefusedSince = 0, time.Time{}, time.Time{}
	return was
}

func spell(c store.Country) string {
	if c == "" {
		return "no country"
	}
	return string(c)
}
