package enrich

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"friendlyfire/store"
)

// Whois queries the registries about addresses without an answer: about those of news at once, about all others when
// there is nothing more urgent. One answer serves its whole network, except where the table contradicts it: there the
// registry is asked again, once for each network of the table, and whatever it says then is believed.
//
// The state of rate limits and backoffs is kept in the database, so that a restart does not reset it.
type Whois struct {
	Store    *store.Store
	Table    Atlas           // nil: answers serve their whole networks
	Resolver Resolver        // nil: whois is switched off
	Mirror   string          // host:port (or a registry's host) that is asked instead of all registries; "": none
	Cache    time.Duration   // how long an answer is valid; 0: 30 days
	NewsOnly bool            // the backlog is not processed
	Next     func()          // called after an answer, or a failure that postpones it
	News     <-chan struct{} // tells a Step that there may be news; nil: it looks now and then

	mu       sync.Mutex
	inflight map[int64]inflight // by the address's id
}

const (
	perQueue     = 50                     // queries considered for one server at a time
	newsInterval = 250 * time.Millisecond // how often to check for news while queries are in flight
	maxHops      = 2
)

// Step sends all queries that may be sent now, and returns when they are answered and no others may be sent.
// While it waits for a slow server it goes on querying the others.
func (w *Whois) Step(ctx context.Context) error {
	if w.Resolver == nil {
		return nil
	}
	var group sync.WaitGroup
	defer group.Wait()
	done := make(chan error, maxInflight*len(registries)+maxInflight) // sending never blocks
	for running := 0; ; {
		started, err := w.start(ctx, func(q store.WhoisQuery, server string, news bool) {
			group.Go(func() { done <- w.askAndRecord(ctx, q, server, news) })
		})
		running += started
		if err != nil {
			return fmt.Errorf("whois: %w", err)
		}
		if running == 0 {
			return nil
		}
		select {
		case err := <-done:
			running--
			if err != nil {
				return fmt.Errorf("whois: %w", err)
			}
		case <-w.News:
		case <-time.After(newsInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// start gives addresses the answers of known networks, and launches a query for every other one that may be sent now.
// It returns how many it launched.
func (w *Whois) start(
	ctx context.Context, launch func(q store.WhoisQuery, server string, news bool),
) (started int, err error) {
	now := time.Now()
	// The database queries below may miss an answer that arrives from here on: skip its network.
	busy := w.busyNetworks()
	states, err := w.registries(ctx, now)
	if err != nil {
		return 0, err
	}
	offer := func(all []store.WhoisQuery, news bool) (adopted int, err error) {
		unknown, err := w.adopt(ctx, all, now)
		if err != nil {
			return 0, err
		}
		for _, q := range unknown {
			server := w.server(q.Server)
			mustWait := registryOf(server).wait(states[server], news, now) > 0
			if mustWait || busy[widestNetwork(q.Addr)] || !w.reserve(q, server) {
				continue
			}
			launch(q, server, news)
			started++
			busy[widestNetwork(q.Addr)] = true // even if it is answered before start returns
			// Count it in the local copy; the database counts it when it is sent.
			r := states[server]
			registryOf(server).asked(&r, now)
			states[server] = r
		}
		return len(all) - len(unknown), nil
	}

	news, err := w.Store.News(ctx, now, w.stale(now), perQueue)
	if err != nil {
		return started, err
	}
	if _, err := offer(news, true); err != nil || w.NewsOnly {
		return started, err
	}
	renewals, err := w.Store.Renewals(ctx, now, w.stale(now), perQueue)
	if err != nil {
		return started, err
	}
	if _, err := offer(renewals, false); err != nil {
		return started, err
	}
	queues, err := w.Store.Queues(ctx)
	if err != nil {
		return started, err
	}
	for _, queue := range queues {
		server := w.server(queue)
		for adopted := 1; adopted > 0 && registryOf(server).wait(states[server], false, now) == 0; {
			waiting, err := w.Store.Queue(ctx, queue, now, perQueue)
			if err != nil {
				return started, err
			}
			if adopted, err = offer(waiting, false); err != nil {
				return started, err
			}
		}
	}
	return started, nil
}

// registries returns the state of all servers. A backoff from which the clock was set back begins anew.
func (w *Whois) registries(ctx context.Context, now time.Time) (map[string]store.Registry, error) {
	states, err := w.Store.Registries(ctx)
	for server, r := range states {
		if r.SetBack(now) {
			states[server] = r
			err = errors.Join(err, w.Store.ChangeRegistry(ctx, server, func(r *store.Registry) bool { return r.SetBack(now) }))
		}
	}
	return states, err
}

// adopt gives addresses the answers of known networks, and returns the queries of the others.
func (w *Whois) adopt(
	ctx context.Context, all []store.WhoisQuery, now time.Time,
) (unknown []store.WhoisQuery, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	addrs := make([]netip.Addr, len(all))
	for i, q := range all {
		addrs[i] = q.Addr
	}
	networks, err := w.Store.Networks(ctx, w.stale(now), addrs...)
	if err != nil {
		return nil, err
	}
	var known, doubted []store.Adopted
	for i, q := range all {
		switch a := (store.Adopted{WhoisQuery: q, Network: networks[i]}); {
		case w.usable(q.Addr, networks[i]):
			known = append(known, a)
			continue
		case a.Network.ID != 0:
			doubted = append(doubted, a)
		}
		unknown = append(unknown, q)
	}
	changed, err := w.Store.Presume(ctx, doubted)
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		if err := w.Store.Adopt(ctx, known); err != nil {
			return nil, err
		}
	}
	if changed || len(known) > 0 {
		w.next()
	}
	return unknown, nil
}

// server returns the server to query for a registry, or IANA for the block of an unknown one.
func (w *Whois) server(registry string) string {
	switch {
	case w.Mirror != "":
		if host, ok := registryHost(w.Mirror); ok {
			return host
		}
		return w.Mirror
	case strings.Contains(registry, "/"):
		return iana
	}
	return registry
}

func (w *Whois) cache() time.Duration { return cmp.Or(w.Cache, 30*day) }

func (w *Whois) stale(now time.Time) time.Time { return now.Add(-w.cache()) }

func (w *Whois) next() {
	if w.Next != nil {
		w.Next()
	}
}

// askAndRecord queries about one address and records the outcome. It returns only errors of the database and ctx.
func (w *Whois) askAndRecord(ctx context.Context, q store.WhoisQuery, server string, news bool) error {
	defer w.release(q)
	err := w.followReferrals(ctx, &q, server, news, func(string, ...any) {})
	later, tooEarly := errors.AsType[*laterError](err)
	switch {
	case err == nil:
		w.next()
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case tooEarly:
		return w.Store.PutOff(ctx, q, time.Now(), later.until)
	case !isWhoisError(err):
		return err
	}
	q.Asks++
	now := time.Now()
	until := now
	if !is[*RefusedError](err) { // a refusal concerns the server, not the address
		until = until.Add(nth(retryDelays, q.Asks))
	}
	if err := w.Store.PutOff(ctx, q, now, until); err != nil {
		return err
	}
	w.next()
	return nil
}
