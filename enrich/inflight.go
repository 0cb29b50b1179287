package enrich

import (
	"net/netip"

	"friendlyfire/store"
)

// inflight is a question under way.
type inflight struct {
	server string
	kin    netip.Prefix
}

// kin is the widest network that the address and another one can share.
func kin(a netip.Addr) netip.Prefix {
	bits := 8
	if a.Is6() {
		bits = 16
	}
	p, _ := a.Prefix(bits)
	return p
}

// busy are the kin of the questions under way.
func (w *Whois) busy() map[netip.Prefix]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[netip.Prefix]bool{}
	for _, f := range w.inflight {
		all[f.kin] = true
	}
	return all
}

// enter takes a place before the server for a question, unless both are taken, or a question under way may well be
// about the same network.
func (w *Whois) enter(q store.WhoisQuery, server string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	kin := kin(q.Addr)
	before := 0
	for id, f := range w.inflight {
		if f.server == server {
			before++
		}
		if id == q.ID || f.kin == kin {
			return false
		}
	}
	if before >= maxInflight {
		return false
	}
	if w.inflight == nil {
		w.inflight = map[int64]inflight{}
	}
	w.inflight[q.ID] = inflight{server, kin}
	return true
}

// move takes a place before another server for a question under way, if there is one.
func (w *Whois) move(q store.WhoisQuery, server string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := 0
	for id, f := range w.inflight {
		if f.server == server && id != q.ID {
			before++
		}
	}
	if before >= maxInflight {
		return false
	}
	if w.inflight == nil {
		w.inflight = map[int64]inflight{}
	}
	w.inflight[q.ID] = inflight{server, kin(q.Addr)}
	return true
}

func (w *Whois) leave(q store.WhoisQuery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.inflight, q.ID)
}
