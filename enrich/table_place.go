package enrich

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"

	"friendlyfire/store"
)

// Place looks up what was banned, which need not be an address. Its error is always nil: a damaged record, too, is a
// country that is unknown, and keeps no ban from being read.
func (t *Table) Place(text string) (store.Located, error) {
	if strings.Contains(text, "/") {
		return t.placeNetwork(text), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || !Public(a) {
		return store.Located{}, nil //nolint:nilerr // what is not an address has no country
	}
	return t.Locate(a), nil
}

// recordsWithin bounds the records that are read of one network.
const recordsWithin = 20_000

// placeNetwork looks up a network that was banned: its countries and systems are those of all its parts, the largest
// first.
func (t *Table) placeNetwork(text string) (l store.Located) {
	network, err := netip.ParsePrefix(text)
	if err != nil || !Public(network.Addr()) {
		return store.Located{} // what is not a network has no country
	}
	holders := map[store.ASN]string{}
	countries := shares(t.countries, network, func(r maxminddb.Result) store.Country {
		c, _ := country(r)
		return c
	})
	systems := shares(t.systems, network, func(r maxminddb.Result) store.ASN {
		n, holder := system(r)
		holders[n] = holder
		return n
	})
	if len(countries) > 0 {
		l.Country, l.Others = countries[0], countries[1:]
	}
	if len(systems) > 0 {
		l.ASN, l.OtherASNs = systems[0], systems[1:]
		l.Holder = holders[l.ASN]
	}
	return l
}

// shares returns what the records within the network have, without the zero value: what has the largest share of the
// address space first.
func shares[K cmp.Ordered](p *part, network netip.Prefix, of func(maxminddb.Result) K) []K {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var zero K
	all := map[K]float64{}
	records := 0
	for result := range p.db.NetworksWithin(network.Masked()) {
		if k := of(result); k != zero {
			all[k] += math.Exp2(-float64(max(result.Prefix().Bits(), network.Bits())))
		}
		if records++; records == recordsWithin {
			break
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b K) int {
		return cmp.Or(cmp.Compare(all[b], all[a]), cmp.Compare(a, b))
	})
}
