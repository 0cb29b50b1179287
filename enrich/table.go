// Package enrich finds the country of addresses: at once from an offline table, and later from the registries
// themselves by whois.
//
// It knows addresses, networks and countries, but not what follows from them.
package enrich

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"friendlyfire/store"
)

// builtIn is the built-in table: the npm data package @ip-location-db/geo-whois-asn-country-mmdb, CC BY 4.0, made from
// the registries' whois data and the NRO's delegation files. To update it: go generate ./enrich
//
//go:generate sh -c "npm pack --silent @ip-location-db/geo-whois-asn-country-mmdb | xargs -I{} sh -c 'tar -xzOf {} package/geo-whois-asn-country.mmdb > country.mmdb && rm {}'"
//go:embed country.mmdb
var builtIn []byte

// Attribution is the credit that the licence of the built-in table requires.
const Attribution = "Country table: geo-whois-asn-country by ip-location-db, CC BY 4.0, data of the NRO (nro.net)"

// Table is the offline table of countries.
type Table struct {
	db   *maxminddb.Reader
	name string
}

// OpenTable opens an .mmdb file whose records have the country in country_code or country.iso_code; "" opens the
// built-in table.
func OpenTable(path string) (*Table, error) {
	name := path
	var db *maxminddb.Reader
	var err error
	if path == "" {
		name = "built-in"
		db, err = maxminddb.OpenBytes(builtIn)
	} else {
		db, err = maxminddb.Open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("country table %s: %w", name, err)
	}
	t := &Table{db: db, name: name}
	if err := t.probe(); err != nil {
		return nil, fmt.Errorf("country table %s: %w", name, err)
	}
	return t, nil
}

// probe returns an error if the first records have no country.
func (t *Table) probe() error {
	looked := 0
	for result := range t.db.Networks() {
		if looked++; looked > 1000 {
			break
		}
		if c, err := country(result); err != nil || c != "" {
			return err
		}
	}
	return fmt.Errorf("no country in its records: country_code and country.iso_code are read")
}

// Name identifies the table by its file and the date when it was made.
func (t *Table) Name() string { return t.name + " of " + t.Built().Format(time.DateOnly) }

// Built returns when the table was made.
func (t *Table) Built() time.Time { return t.db.Metadata.BuildTime().UTC() }

// Country returns the country of a public address, "" if the table has none.
func (t *Table) Country(a netip.Addr) (store.Country, error) {
	_, c, err := t.Network(a)
	return c, err
}

// Network returns the table's network around a public address, and its country, "" if the table has none.
func (t *Table) Network(a netip.Addr) (netip.Prefix, store.Country, error) {
	a = a.Unmap()
	found := t.db.Lookup(a)
	c, err := country(found)
	p := found.Prefix()
	if p.Addr().BitLen() != a.BitLen() {
		p = netip.PrefixFrom(netip.IPv4Unspecified(), 0) // a network of IPv6 in which all of IPv4 is
	}
	return p, c, err
}

// Place looks up what was banned, which need not be an address.
func (t *Table) Place(text string) (store.Located, error) {
	if strings.Contains(text, "/") {
		return t.placeNetwork(text)
	}
	a, err := netip.ParseAddr(text)
	if err != nil || !Public(a) {
		return store.Located{}, nil //nolint:nilerr // what is not an address has no country
	}
	c, err := t.Country(a)
	if err != nil {
		return store.Located{}, fmt.Errorf("%s in %s: %w", a, t.Name(), err)
	}
	return store.Located{Public: true, Country: c}, nil
}

// recordsWithin bounds the records that are read of one network.
const recordsWithin = 20_000

// placeNetwork looks up a network that was banned: its countries are those of all its parts, the largest first.
func (t *Table) placeNetwork(text string) (store.Located, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil || !Public(network.Addr()) {
		return store.Located{}, nil // what is not a network has no country
	}
	shares := map[store.Country]float64{} // of the address space
	records := 0
	for result := range t.db.NetworksWithin(network.Masked()) {
		c, err := country(result)
		if err != nil {
			return store.Located{}, fmt.Errorf("%s in %s: %w", network, t.Name(), err)
		}
		if c != "" {
			shares[c] += math.Exp2(-float64(max(result.Prefix().Bits(), network.Bits())))
		}
		if records++; records == recordsWithin {
			break
		}
	}
	countries := slices.SortedFunc(maps.Keys(shares), func(a, b store.Country) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b))
	})
	if len(countries) == 0 {
		return store.Located{}, nil
	}
	return store.Located{Country: countries[0], Others: countries[1:]}, nil
}

func country(r maxminddb.Result) (store.Country, error) {
	var code string
	if err := r.DecodePath(&code, "country_code"); err != nil {
		return "", fmt.Errorf("country_code: %w", err)
	}
	if code == "" {
		if err := r.DecodePath(&code, "country", "iso_code"); err != nil {
			return "", fmt.Errorf("country.iso_code: %w", err)
		}
	}
	c, _ := store.ParseCountry(code)
	return c, nil
}

// Close releases the file.
func (t *Table) Close() error { return t.db.Close() }
