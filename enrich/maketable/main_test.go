package main

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"friendlyfire/enrich"
	"friendlyfire/store"
)

// countries writes a table of countries.
func countries(t *testing.T, path string, all map[string]string) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "countries", BuildEpoch: 1_700_000_000, RecordSize: 24})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, code := range all {
		_, network, err := net.ParseCIDR(cidr)
		if err == nil {
			err = tree.Insert(network, mmdbtype.Map{"country_code": mmdbtype.String(code)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(path)
	if err == nil {
		_, err = tree.WriteTo(f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The table has the countries of one file and the networks of others, and is one of countries as well as of networks.
func TestTheTableHasCountriesAndNetworks(t *testing.T) {
	dir := t.TempDir()
	from, out := filepath.Join(dir, "countries.mmdb"), filepath.Join(dir, "out.mmdb")
	v4, v6 := filepath.Join(dir, "4.csv"), filepath.Join(dir, "6.csv")
	countries(t, from, map[string]string{
		"81.240.0.0/13": "BE", "193.0.0.0/16": "nl", "193.190.0.0/15": "BE", "2001:6a8::/32": "BE",
	})
	for name, rows := range map[string]string{
		v4: "81.240.0.0,81.240.255.255,64500,\"Example, \u202eNV\"\n193.0.6.0,193.0.6.200,64501,\n193.0.6.201,193.0.6.255,0,nobody\n",
		v6: "2001:6a8::,2001:6a8:ffff:ffff:ffff:ffff:ffff:ffff,64502,Six\n",
	} {
		if err := os.WriteFile(name, []byte(rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(from, []string{v4, v6}, out); err != nil {
		t.Fatal(err)
	}
	for name, paths := range map[string][2]string{"countries": {out, ""}, "networks": {"", out}, "both": {out, out}} {
		table, err := enrich.OpenTable(paths[0], paths[1])
		if err != nil {
			t.Fatal(err)
		}
		for address, want := range map[string]store.Located{
			"81.240.8.9":    {Country: "BE", ASN: 64500, Holder: "Example, NV"},
			"193.0.6.139":   {Country: "NL", ASN: 64501},
			"193.0.6.210":   {Country: "NL"},
			"2001:6a8::1":   {Country: "BE", ASN: 64502, Holder: "Six"},
			"193.190.198.1": {Country: "BE"},
		} {
			got := table.Locate(netip.MustParseAddr(address))
			if got.Country != want.Country || name != "countries" && (got.ASN != want.ASN || got.Holder != want.Holder) {
				t.Errorf("%s: %s: %+v, want %+v", name, address, got, want)
			}
		}
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, rows := range map[string]string{
		"no addresses": "a,b,1,x\n", "no number": "81.240.0.0,81.240.0.1,x,y\n", "too few": "81.240.0.0,81.240.0.1,1\n",
		"too high": "81.240.0.0,81.240.0.1,4294967296,x\n", "backwards": "81.240.0.1,81.240.0.0,1,x\n",
	} {
		if err := os.WriteFile(v4, []byte(rows), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(from, []string{v4}, filepath.Join(dir, "bad.mmdb")); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
