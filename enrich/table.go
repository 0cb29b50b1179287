// Package enrich finds the country and the network of addresses: at once from an offline table, and later from the
// registries themselves by whois.
//
// It knows addresses, networks and countries, but not what follows from them.
package enrich

import (
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"friendlyfire/store"
)

// builtIn is the built-in table. It is made of two npm data packages, both CC BY 4.0, by the program in maketable:
// @ip-location-db/geo-whois-asn-country-mmdb, from the registries' whois data and the NRO's delegation files, and
// @ip-location-db/asn, from what RouteViews sees announced, the NRO's files, and the names of DB-IP. To update it:
// go generate ./enrich
//
//go:generate sh maketable/make.sh
//go:embed networks.mmdb
var builtIn []byte

// Attribution is the credit that the licences of the built-in table require.
const Attribution = "Countries: geo-whois-asn-country by ip-location-db, CC BY 4.0, data of the NRO (nro.net)\n" +
	"Networks: asn by ip-location-db, CC BY 4.0, data of RouteViews (routeviews.org), the NRO (nro.net) and " +
	"DB-IP (db-ip.com), merged into one table with the countries"

// Table is the offline table of countries, and of networks by the number and the holder of the autonomous system that
// announces them. It can be used by several goroutines.
type Table struct {
	countries, systems *part // the same one where both are built in
}

// OpenTable opens the table of countries and that of networks, each of an .mmdb file; "" is the built-in one. Records
// have the country in country_code or country.iso_code, and the network in autonomous_system_number and
// autonomous_system_organization, or asn and as_name. The files may be changed or deleted afterwards: the table is a
// copy of them.
func OpenTable(countries, systems string) (t *Table, err error) {
	t = &Table{}
	if countries == "" || systems == "" {
		p, err := openBuiltIn()
		if err != nil {
			return nil, err
		}
		t.countries, t.systems = p, p
	}
	if countries != "" {
		if t.countries, err = openPart(countries, countryField); err != nil {
			return nil, fmt.Errorf("country table %s: %w", countries, err)
		}
	}
	if systems != "" {
		if t.systems, err = openPart(systems, systemField); err != nil {
			return nil, errors.Join(fmt.Errorf("table of networks %s: %w", systems, err), t.countries.close())
		}
	}
	return t, nil
}

// Name identifies the table of countries, for people, by its file and the date when it was made.
func (t *Table) Name() string { return t.countries.name() }

// SystemsName identifies the table of networks likewise.
func (t *Table) SystemsName() string { return t.systems.name() }

// ID identifies the table by all that it holds.
func (t *Table) ID() string {
	if t.systems == t.countries {
		return t.countries.identity()
	}
	return t.countries.identity() + "; " + t.systems.identity()
}

// Built returns when the table of countries was made.
func (t *Table) Built() time.Time { return t.countries.built() }

// SystemsBuilt returns when the table of networks was made.
func (t *Table) SystemsBuilt() time.Time { return t.systems.built() }

// Country returns the country of a public address, "" if the table has none.
func (t *Table) Country(a netip.Addr) store.Country {
	t.countries.mu.RLock()
	defer t.countries.mu.RUnlock()
	c, _ := country(t.countries.db.Lookup(a.Unmap())) // a damaged record has none
	return c
}

// Network returns the largest network around a public address that is all in one country by the table, and that
// country, "" if the table has none. A record that is damaged has none.
func (t *Table) Network(a netip.Addr) (netip.Prefix, store.Country) {
	t.countries.mu.RLock()
	defer t.countries.mu.RUnlock()
	a = a.Unmap()
	db := t.countries.db
	found := db.Lookup(a)
	c, err := country(found)
	if err != nil {
		return netip.PrefixFrom(a, a.BitLen()), ""
	}
	p := found.Prefix()
	if p.Addr().BitLen() != a.BitLen() {
		p = netip.PrefixFrom(netip.IPv4Unspecified(), 0) // a network of IPv6 in which all of IPv4 is
	}
	for c != "" && p.Bits() > 0 && allOf(db, sibling(p), c) {
		p = netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
	}
	return p, c
}

// sibling returns the other half of the network that has p as one half.
func sibling(p netip.Prefix) netip.Prefix {
	b := p.Masked().Addr().AsSlice()
	i := p.Bits() - 1
	b[i/8] ^= 0x80 >> (i % 8)
	a, _ := netip.AddrFromSlice(b)
	return netip.PrefixFrom(a, p.Bits())
}

// allOf reports whether all of a network is in the country.
func allOf(db *maxminddb.Reader, network netip.Prefix, want store.Country) bool {
	for result := range db.NetworksWithin(network, maxminddb.IncludeNetworksWithoutData()) {
		if c, err := country(result); err != nil || c != want {
			return false
		}
	}
	return true
}

// System returns the autonomous system of a public address and its holder; 0 and "" if the table has none.
func (t *Table) System(a netip.Addr) (store.ASN, string) {
	t.systems.mu.RLock()
	defer t.systems.mu.RUnlock()
	return system(t.systems.db.Lookup(a.Unmap()))
}

// Locate returns all that the table has of a public address.
func (t *Table) Locate(a netip.Addr) (l store.Located) {
	l.Public = true
	if t.systems != t.countries {
		l.Country = t.Country(a)
		l.ASN, l.Holder = t.System(a)
		return l
	}
	t.countries.mu.RLock()
	defer t.countries.mu.RUnlock()
	var r record
	if t.countries.db.Lookup(a.Unmap()).Decode(&r) == nil {
		l.Country, l.ASN, l.Holder = store.Country(r.country), store.ASN(r.asn), r.holder //nolint:gosec // we wrote it
	}
	return l
}

// Close releases the table.
func (t *Table) Close() error {
	err := t.countries.close()
	if t.systems != t.countries {
		err = errors.Join(err, t.systems.close())
	}
	return err
}
