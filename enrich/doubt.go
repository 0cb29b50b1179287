package enrich

import (
	"net/netip"

	"friendlyfire/store"
)

// Atlas tells the country of a public address ("" if it has none), and the network to which that applies, which may
// take much longer.
type Atlas interface {
	Country(a netip.Addr) store.Country
	Network(a netip.Addr) (netip.Prefix, store.Country)
}

// doubt returns the table's network around the address if the table contradicts the registry's answer for a wider one;
// else the zero Prefix.
//
// A wide network may have parts in other countries that the registry names only when it is asked about them. If the
// table's network is not the smaller one, there is nothing to doubt: the registry was asked about an address in it.
func (w *Whois) doubt(a netip.Addr, network netip.Prefix, answer store.Country) netip.Prefix {
	if w.Table == nil || answer == "" {
		return netip.Prefix{}
	}
	if c := w.Table.Country(a); c == "" || c == answer {
		return netip.Prefix{}
	}
	if part, _ := w.Table.Network(a); part.Bits() > network.Bits() {
		return part
	}
	return netip.Prefix{}
}

// usable reports whether a known network (the zero Network if there is none) has an answer for the address, though it
// was given for another.
func (w *Whois) usable(a netip.Addr, n store.Network) bool {
	return n.ID != 0 && !w.doubt(a, n.Prefix, n.Country).IsValid()
}
