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

// Finding is everything known about one address.
type Finding struct {
	IP      string        `json:"ip"`
	Country store.Country `json:"country"` // from whois if it has one, else from the table, else ""
	Table   store.Country `json:"table"`
	Whois   store.Country `json:"whois"`
	Network string        `json:"network"` // that whois answered for, a CIDR; "": none
	Name    string        `json:"name"`    // of that network
	Source  string        `json:"source"`  // of Country: "whois", "table" or ""
	Bans    int           `json:"bans"`
	ASN     store.ASN     `json:"as"`     // of the autonomous system by the table, 0 if it has none
	Holder  string        `json:"holder"` // of the system

	Explained []string `json:"-"` // how this was found out, in sentences
}

// Lookup returns what is known about an address. It looks in the table, and queries whois if there is no valid answer
// yet, or in any case with refresh. If a registry cannot be queried, that is explained and not an error.
func (w *Whois) Lookup(ctx context.Context, t *Table, text string, refresh bool) (Finding, error) {
	a, wrong := netip.ParseAddr(text)
	if wrong == nil {
		a = a.Unmap().WithZone("")
		text = a.String()
	}
	f := Finding{IP: text}
	known, err := w.Store.Known(ctx, text)
	if err != nil {
		return f, fmt.Errorf("look up %s: %w", text, err)
	}
	f.Bans = known.Bans
	if !Public(a) { // or not an address at all
		f.explain("no address of the public Internet: it has no country, and nobody is asked")
		return f, nil
	}
	l := t.Locate(a)
	f.Table, f.ASN, f.Holder = l.Country, l.ASN, l.Holder
	if t.systems == t.countries {
		f.explain("the table (%s) says %s, %s", t.Name(), countryText(f.Table), systemText(l))
	} else {
		f.explain("the table (%s) says %s", t.Name(), countryText(f.Table))
		f.explain("the table of networks (%s) says %s", t.SystemsName(), systemText(l))
	}

	silent := func(string, ...any) {}
	network, err := w.network(ctx, a, known, time.Now().Add(-w.cache()), f.explain)
	if err != nil {
		return f, fmt.Errorf("look up %s: %w", text, err)
	}
	switch {
	case w.Resolver == nil:
		f.explain("whois is switched off")
	case refresh || network.ID == 0:
		err := w.queryNow(ctx, store.WhoisQuery{ID: known.ID, Addr: a, Asks: known.Asks}, f.explain)
		if err != nil && (ctx.Err() != nil || !isWhoisError(err)) {
			return f, fmt.Errorf("look up %s: %w", text, err)
		}
		fresh, err2 := w.network(ctx, a, store.Known{}, time.Now().Add(-w.cache()), silent)
		if err2 != nil {
			return f, fmt.Errorf("look up %s: %w", text, err2)
		}
		if network = fresh; network.ID == 0 {
			// An outdated answer is better than none.
			if network, err = w.network(ctx, a, known, time.Time{}, silent); err != nil {
				return f, fmt.Errorf("look up %s: %w", text, err)
			}
		}
	}
	if network.ID != 0 {
		f.Whois, f.Network, f.Name = network.Country, network.Prefix.String(), network.Name
		f.explain("known since %s: %s said %s of %s (%s)", network.AnsweredAt.Format(moment), network.Server,
			countryText(network.Country), network.Prefix, network.Name)
	}
	switch {
	case f.Whois != "":
		f.Source = "whois"
	case f.Table != "":
		f.Source = "table"
	}
	f.Country = cmp.Or(f.Whois, f.Table)
	return f, nil
}

// systemText is "AS5432 (Proximus NV)".
func systemText(l store.Located) string {
	switch {
	case l.ASN == 0:
		return "no network by number"
	case l.Holder == "":
		return l.ASN.String()
	}
	return l.ASN.String() + " (" + l.Holder + ")"
}

func (f *Finding) explain(format string, args ...any) {
	f.Explained = append(f.Explained, fmt.Sprintf(format, args...))
}

// network returns the known network of an address: that of its own answer, or else the smallest one around it unless
// the table contradicts that.
func (w *Whois) network(
	ctx context.Context, a netip.Addr, known store.Known, since time.Time, tell func(string, ...any),
) (store.Network, error) {
	if known.Answered && known.Network.ID != 0 && !known.Network.AnsweredAt.Before(since) {
		return known.Network, nil
	}
	found, err := w.Store.Networks(ctx, since, a)
	if err != nil {
		return store.Network{}, err
	}
	n := found[0]
	if w.usable(a, n) || n.ID == 0 {
		return n, nil
	}
	tell("%s said %s of %s when it was asked about another address, but here the table contradicts it",
		n.Server, countryText(n.Country), n.Prefix)
	return store.Network{}, nil
}

// queryNow queries about one address now. It waits a few seconds if a rate limit demands it.
func (w *Whois) queryNow(ctx context.Context, q store.WhoisQuery, tell func(string, ...any)) error {
	defer w.release(q)
	deadline := time.Now().Add(lookupTimeout)
	route, err := w.Store.Route(ctx, q.Addr)
	if err != nil {
		return err
	}
	q.Server = route
	for {
		err := w.followReferrals(ctx, &q, w.server(q.Server), true, tell)
		later, ok := errors.AsType[*laterError](err)
		if !ok {
			return err
		}
		if later.until.After(deadline) {
			tell("%v", err)
			return err
		}
		select {
		case <-time.After(time.Until(later.until)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
