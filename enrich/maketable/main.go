// Command maketable makes the built-in table of the package enrich: the country of each address, and the autonomous
// system that announces it with the name of its holder, in one .mmdb file, so that one lookup finds both.
//
//	maketable COUNTRY.mmdb AS.csv... OUT.mmdb
//
// The country file has country_code in its records. Rows of the other files are
// first address, last address, AS number, holder.
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/inserter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"

	"friendlyfire/store"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: maketable COUNTRY.mmdb AS.csv... OUT.mmdb")
		os.Exit(2)
	}
	last := len(os.Args) - 1
	if err := run(os.Args[1], os.Args[2:last], os.Args[last]); err != nil {
		fmt.Fprintln(os.Stderr, "maketable:", err)
		os.Exit(1)
	}
}

func run(countries string, systems []string, out string) error {
	db, err := maxminddb.Open(countries)
	if err != nil {
		return fmt.Errorf("%s: %w", countries, err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: "friendlyfire country and AS", Description: map[string]string{"en": "See enrich.Attribution"},
		BuildEpoch: db.Metadata.BuildTime().Unix(), IPVersion: 6, RecordSize: 24, IncludeReservedNetworks: true,
		// 2002::/16 and the like are IPv4 addresses in disguise: nothing looks them up.
		DisableIPv4Aliasing: true,
	})
	if err != nil {
		return err
	}
	if err := addCountries(tree, db); err != nil {
		return fmt.Errorf("%s: %w", countries, err)
	}
	for _, name := range systems {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(addSystems(tree, f), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(f)
	return errors.Join(err, f.Close())
}

// addCountries adds the country of each network.
func addCountries(tree *mmdbwriter.Tree, db *maxminddb.Reader) error {
	for result := range db.Networks() {
		var code string
		if err := result.DecodePath(&code, "country_code"); err != nil {
			return err
		}
		country, ok := store.ParseCountry(code)
		if !ok {
			continue
		}
		p := result.Prefix()
		network := &net.IPNet{IP: ip(p.Addr()), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
		if err := tree.Insert(network, mmdbtype.Map{"country_code": mmdbtype.String(country)}); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// maxHolder is how many characters of a holder's name are kept.
const maxHolder = 60

// addSystems adds the system and its holder to the networks, in the fields of MaxMind's own tables.
func addSystems(tree *mmdbwriter.Tree, from io.Reader) error {
	rows := csv.NewReader(from)
	rows.FieldsPerRecord, rows.ReuseRecord = 4, true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		first, err1 := netip.ParseAddr(row[0])
		last, err2 := netip.ParseAddr(row[1])
		number, err3 := strconv.ParseUint(row[2], 10, 32)
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		if number == 0 { // RFC 7607: of nobody
			continue
		}
		record := mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(number)}
		if holder := store.Clean(row[3], maxHolder); holder != "" {
			record["autonomous_system_organization"] = mmdbtype.String(holder)
		}
		err = tree.InsertRangeFunc(ip(first), ip(last), inserter.TopLevelMergeWith(record))
		if err != nil {
			return fmt.Errorf("%s to %s: %w", first, last, err)
		}
	}
}

func ip(a netip.Addr) net.IP { return a.AsSlice() }
