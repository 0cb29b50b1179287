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
	"sync"
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

// Table is the offline table of countries. It can be used by several goroutines.
type Table struct {
	path string // "": the built-in table

	mu sync.RWMutex // held for writing while db is replaced
	db *maxminddb.Reader
	id string

	watched
}

// OpenTable opens an .mmdb file whose records have the country in country_code or country.iso_code; "" opens the
// built-in table. The file may be changed or deleted afterwards: the table is a copy of it.
func OpenTable(path string) (*Table, error) {
	t := &Table{path: path}
	if path == "" {
		db, err := maxminddb.OpenBytes(builtIn)
		if err == nil {
			err = probe(db)
		}
		if err != nil {
			return nil, fmt.Errorf("built-in country table: %w", err)
		}
		t.db = db
		t.id = t.Name()
		return t, nil
	}
	c, err := copyTable(path)
	if err != nil {
		return nil, fmt.Errorf("country table %s: %w", path, err)
	}
	t.db, t.id, t.taken = c.db, c.id, c.from
	t.last = t.taken
	return t, nil
}

// probe returns an error if none of the first records has a country.
func probe(db *maxminddb.Reader) error {
	looked := 0
	var damage error
	for result := range db.Networks() {
		if looked++; looked > 1000 {
			break
		}
		c, err := country(result)
		if c != "" {
			return nil
		}
		damage = cmp.Or(damage, err)
	}
	if damage != nil {
		return damage
	}
	return fmt.Errorf("no country in its records: country_code and country.iso_code are read")
}

// Name identifies the table, for people, by its file and the date when it was made.
func (t *Table) Name() string {
	return cmp.Or(t.path, "built-in") + " of " + t.Built().Format(time.DateOnly)
}

// ID identifies the table by all that it holds.
func (t *Table) ID() string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.id
}

// Built returns when the table was made.
func (t *Table) Built() time.Time {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.db.Metadata.BuildTime().UTC()
}

// Country returns the country of a public address, "" if the table has none.
func (t *Table) Country(a netip.Addr) store.Country {
	_, c := t.Network(a)
	return c
}

// Network returns the table's network around a public address, and its country, "" if the table has none. A record that
// is damaged has none.
func (t *Table) Network(a netip.Addr) (netip.Prefix, store.Country) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	a = a.Unmap()
	found := t.db.Lookup(a)
	c, err := country(found)
	if err != nil {
		return netip.PrefixFrom(a, a.BitLen()), ""
	}
	p := found.Prefix()
	if p.Addr().BitLen() != a.BitLen() {
		p = netip.PrefixFrom(netip.IPv4Unspecified(), 0) // a network of IPv6 in which all of IPv4 is
	}
	return p, c
}

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
	return store.Located{Public: true, Country: t.Country(a)}, nil
}

// recordsWithin bounds the records that are read of one network.
const recordsWithin = 20_000

// placeNetwork looks up a network that was banned: its countries are those of all its parts, the largest first.
func (t *Table) placeNetwork(text string) store.Located {
	network, err := netip.ParsePrefix(text)
	if err != nil || !Public(network.Addr()) {
		return store.Located{} // what is not a network has no country
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	shares := map[store.Country]float64{} // of the address space
	records := 0
	for result := range t.db.NetworksWithin(network.Masked()) {
		if c, err := country(result); err == nil && c != "" {
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
		return store.Located{}
	}
	return store.Located{Country: countries[0], Others: countries[1:]}
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

// Close releases the table.
func (t *Table) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.db.Close()
}
