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

// Whois asks the registries for the addresses they have not been asked for: those of news at once, all others when
// there is nothing better to do. One answer serves its whole network.
//
// What it knows of the registries' patience is kept in the database, so that a restart is no way around it.
type Whois struct {
	Store    *store.Store
	Resolver Resolver      // nil: nobody is ever asked
	Mirror   string        // host:port (or a registry's host) that is asked in place of all registries; "": none
	Cache    time.Duration // how long an answer holds; 0: 30 days
	NewsOnly bool          // the backlog is left alone
	Next     func()        // called when something is known, or known not to be for now

	mu       sync.Mutex
	inflight map[int64]inflight // questions under way, by the address's row
}

const (
	perQueue = 50                     // questions looked at for one server at a time
	look     = 250 * time.Millisecond // news is looked for so often while questions are under way
	maxHops  = 2
)

// Step asks whatever may be asked now, and returns when all of it is answered and nothing else may be asked.
// While it waits for a slow server it goes on asking the others.
func (w *Whois) Step(ctx context.Context) error {
	if w.Resolver == nil {
		return nil
	}
	var group sync.WaitGroup
	defer group.Wait()
	done := make(chan error, maxInflight*len(registries)+maxInflight) // nobody waits to report
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
		case <-time.After(look):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// start gives addresses what is known of their networks, and launches a question for every other one that may be
// asked now. It returns how many.
func (w *Whois) start(ctx context.Context, launch func(q store.WhoisQuery, server string, news bool)) (started int, err error) {
	now := time.Now()
	// An answer that arrives from here on may not be seen by the looks below; its network is not asked for again.
	busy := w.busy()
	kept, err := w.Store.Registries(ctx)
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
			if rules(server).wait(kept[server], news, now) > 0 || busy[kin(q.Addr)] || !w.enter(q, server) {
				continue
			}
			launch(q, server, news)
			started++
			busy[kin(q.Addr)] = true // it may be done before this look is
			// This look counts it; the question itself is counted in the database when it is put.
			r := kept[server]
			rules(server).asked(&r, now)
			kept[server] = r
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
		for adopted := 1; adopted > 0 && rules(server).wait(kept[server], false, now) == 0; {
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

// adopt gives the addresses whose network is known its answer, and returns the others.
func (w *Whois) adopt(ctx context.Context, all []store.WhoisQuery, now time.Time) (unknown []store.WhoisQuery, err error) {
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
	var known []store.Adopted
	for i, q := range all {
		if networks[i].ID == 0 {
			unknown = append(unknown, q)
		} else {
			known = append(known, store.Adopted{WhoisQuery: q, Network: networks[i]})
		}
	}
	if len(known) == 0 {
		return unknown, nil
	}
	if err := w.Store.Adopt(ctx, known); err != nil {
		return nil, err
	}
	w.next()
	return unknown, nil
}

// server is whom to ask for addresses whose registry is this: IANA where only the block is known.
func (w *Whois) server(registry string) string {
	switch {
	case w.Mirror != "":
		if host, ok := host(w.Mirror); ok {
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

// askAndRecord asks for one address and keeps what comes of it. Only an error of the database is one of its own.
func (w *Whois) askAndRecord(ctx context.Context, q store.WhoisQuery, server string, news bool) error {
	defer w.leave(q)
	err := w.followReferrals(ctx, &q, server, news, func(string, ...any) {})
	later, tooEarly := errors.AsType[*laterError](err)
	switch {
	case err == nil:
		w.next()
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case tooEarly:
		return w.Store.PutOff(ctx, q, later.until)
	case !ours(err):
		return err
	}
	q.Asks++
	until := time.Now()
	if !is[*RefusedError](err) { // which is no fault of the address
		until = until.Add(nth(again, q.Asks))
	}
	if err := w.Store.PutOff(ctx, q, until); err != nil {
		return err
	}
	w.next()
	return nil
}
