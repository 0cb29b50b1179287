package enrich

import (
	"net/netip"

	"friendlyfire/store"
)

// inflight is a query in flight.
type inflight struct {
	server string
	widest netip.Prefix // of its address
}

// widestNetwork returns the largest network that an answer about the address can cover.
func widestNetwork(a netip.Addr) netip.Prefix {
	bits := 8
	if a.Is6() {
		bits = 16
	}
	p, _ := a.Prefix(bits)
	return p
}

// busyNetworks returns the widest networks of the queries in flight.
func (w *Whois) busyNetworks() map[netip.Prefix]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[netip.Prefix]bool{}
	for _, f := range w.inflight {
		all[f.widest] = true
	}
	return all
}

// reserve reserves one of the server's slots for a query. It reports false if none is free, or if a query in flight may
// be about the same network.
func (w *Whois) reserve(q store.WhoisQuery, server string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	widest := widestNetwork(q.Addr)
	for id, f := range w.inflight {
		if id == q.ID || f.widest == widest {
			return false
		}
	}
	return w.occupy(q, server)
}

// move moves a query in flight to a slot of another server. It reports false if none is free.
func (w *Whois) move(q store.WhoisQuery, server string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.occupy(q, server)
}

// occupy assigns the query to the server, unless other queries occupy all of its slots. The caller holds w.mu.
func (w *Whois) occupy(q store.WhoisQuery, server string) bool {
	others := 0
	for id, f := range w.inflight {
		if f.server == server && id != q.ID {
			others++
		}
	}
	if others >= maxInflight {
		return false
	}
	if w.inflight == nil {
		w.inflight = map[int64]inflight{}
	}
	w.inflight[q.ID] = inflight{server, widestNetwork(q.Addr)}
	return true
}

// release frees the query's slot.
func (w *Whois) release(q store.WhoisQuery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.inflight, q.ID)
}
