package enrich

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

// fields is a record with these fields, in pairs of key and value.
func fields(all ...[]byte) []byte {
	b := []byte{7<<5 | byte(len(all)/2)}
	for _, field := range all {
		b = append(b, field...)
	}
	return b
}

func number32(n uint32) []byte {
	return []byte{6<<5 | 4, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// of is a record with an autonomous system, in the fields of MaxMind, DB-IP and ip-location-db.
func of(n uint32, holder string) []byte {
	return fields(textOf("autonomous_system_number"), number32(n),
		append([]byte{2<<5 | 29, byte(len("autonomous_system_organization") - 29)}, "autonomous_system_organization"...), textOf(holder))
}

func TestBuiltInTableKnowsNetworks(t *testing.T) {
	table := builtInTable(t)
	for text, want := range map[string]store.Located{
		"81.240.8.9":        {Country: "BE", ASN: 5432, Holder: "Proximus NV"},
		"::ffff:81.240.8.9": {Country: "BE", ASN: 5432, Holder: "Proximus NV"},
		"193.0.6.139":       {Country: "NL", ASN: 3333, Holder: "Reseaux IP Europeens Network Coordination Centre (RIPE NCC)"},
		"2001:6a8::1":       {Country: "BE", ASN: 2611, Holder: "BELNET"},
	} {
		want.Public = true
		a := netip.MustParseAddr(text)
		if got := table.Locate(a); got.ASN != want.ASN || got.Country != want.Country || got.Holder != want.Holder {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
		if n, holder := table.System(a); n != want.ASN || holder != want.Holder {
			t.Errorf("%s: %s %q", text, n, holder)
		}
	}
	for _, network := range []string{"81.240.0.0/16", "81.240.0.0/13"} {
		if l, err := table.Place(network); err != nil || l.ASN != 5432 || l.Holder != "Proximus NV" {
			t.Errorf("%s: %+v, %v", network, l, err)
		}
	}
	l, err := table.Place("193.0.0.0/8")
	if err != nil || l.ASN == 0 || len(l.OtherASNs) < 100 {
		t.Errorf("%d other systems in a whole /8, %v", len(l.OtherASNs), err)
	}
}

// A table of one's own takes the place of its own part alone, in whatever fields it has the number.
func TestATableOfNetworksOfOnesOwn(t *testing.T) {
	for name, c := range map[string]struct {
		record []byte
		asn    store.ASN
		holder string
	}{
		"MaxMind":          {of(64500, "Example NV"), 64500, "Example NV"},
		"IPinfo":           {fields(textOf("asn"), textOf("AS64500"), textOf("as_name"), textOf("Example NV")), 64500, "Example NV"},
		"without holders":  {fields(textOf("autonomous_system_number"), number32(4294967295)), 4294967295, ""},
		"holders to clean": {of(64500, "a\u202eb\nc"), 64500, "a b c"},
		"a damaged holder": {fields(textOf("autonomous_system_number"), number32(1), textOf("as_name"), number32(1)), 1, ""},
		"a long name":      {fields(textOf("asn"), textOf("AS64500"), textOf("as_name"), textOf(strings.Repeat("x", 28))), 64500, strings.Repeat("x", 28)},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "as.mmdb")
			if err := os.WriteFile(path, tree(map[string][]byte{"81.0.0.0/8": c.record}), 0o600); err != nil {
				t.Fatal(err)
			}
			table, err := OpenTable("", path)
			if err != nil {
				t.Fatal(err)
			}
			defer table.Close()
			for address, want := range map[string]store.Located{
				"81.240.8.9":  {Country: "BE", ASN: c.asn, Holder: c.holder},
				"193.0.6.139": {Country: "NL"},
			} {
				got := table.Locate(netip.MustParseAddr(address))
				if got.Country != want.Country || got.ASN != want.ASN || got.Holder != want.Holder {
					t.Errorf("%s: %+v, want %+v", address, got, want)
				}
			}
		})
	}
	for name, record := range map[string][]byte{
		"no numbers": in("BE"), "a text for the number": fields(textOf("autonomous_system_number"), textOf("5432")),
		"the number of nobody": of(0, "Example NV"),
	} {
		path := filepath.Join(t.TempDir(), "as.mmdb")
		if err := os.WriteFile(path, mmdb(record), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenTable("", path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "autonomous_system_number") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The file of networks is taken anew as that of countries is, and a broken one is refused.
func TestR32ATableOfNetworksIsTakenByItself(t *testing.T) {
	o := &ownTable{t: t, path: filepath.Join(t.TempDir(), "as.mmdb"), store: open(t)}
	o.overwrite(tree(map[string][]byte{"81.0.0.0/8": of(64500, "Example NV")}))
	var err error
	if o.table, err = OpenTable("", o.path); err != nil {
		t.Fatal(err)
	}
	defer o.table.Close()
	o.locator = &Locator{Store: o.store, Table: o.table, Watch: true, Next: func() {}}
	is := func(asn store.ASN, holder, refused string) {
		t.Helper()
		o.step()
		b, err := o.store.BansOf(t.Context(), "81.240.8.9", 1)
		if err != nil || len(b) != 1 || b[0].ASN != asn || b[0].Holder != holder || b[0].Country != "BE" {
			t.Errorf("%+v, %v, want %s %s", b, err, asn, holder)
		}
		trouble, err := o.store.TableTrouble(t.Context(), store.SystemTable)
		if err != nil || (trouble.Refused == "") != (refused == "") || !strings.Contains(trouble.Refused, refused) {
			t.Errorf("%+v, %v, want %q", trouble, err, refused)
		}
		if other, err := o.store.TableTrouble(t.Context(), store.CountryTable); err != nil || other != (store.TableTrouble{}) {
			t.Errorf("%+v, %v of countries", other, err)
		}
	}
	o.step()
	o.bans("81.240.8.9")
	is(64500, "Example NV", "")
	o.replace(tree(map[string][]byte{"81.0.0.0/8": of(64501, "Another NV")}), time.Hour)
	is(64501, "Another NV", "")
	o.replace(tree(map[string][]byte{"81.0.0.0/8": of(64501, "The same by another name")}), time.Hour)
	is(64501, "The same by another name", "")
	o.replace(tree(map[string][]byte{"81.0.0.0/8": in("BE")}), time.Hour)
	is(64501, "The same by another name", "no networks by number")
	o.overwrite(nil)
	o.step()
	is(64501, "The same by another name", "is empty")
}

// The countries of the built-in table are cut into smaller networks by those that announce them. What counts is how
// far a country goes.
func TestANetworkIsAllThatIsInOneCountry(t *testing.T) {
	table := builtInTable(t)
	random := rand.New(rand.NewPCG(3, 4))
	wider := 0
	for _, text := range attackers(300, random) {
		a := netip.MustParseAddr(text)
		p, c := table.Network(a)
		if c == "" {
			continue
		}
		if !p.Contains(a) || c != table.Country(a) || !allOf(table.countries.db, p, c) {
			t.Errorf("%s is in %s, which is not all in %s", a, p, c)
		}
		around := netip.PrefixFrom(a, p.Bits()-1).Masked()
		if allOf(table.countries.db, around, c) {
			t.Errorf("%s is in %s, but all of %s is in %s", a, p, around, c)
		}
		if table.countries.db.Lookup(a).Prefix() != p {
			wider++
		}
	}
	if wider == 0 {
		t.Error("no network was cut")
	}
}

// A system that is friendly makes its addresses friendly, and a network of which a part is in it.
func TestFriendlyByTheNumberOfTheNetwork(t *testing.T) {
	s, table := open(t), builtInTable(t)
	b := store.Batch{Source: "web1", Place: table.Place}
	want := map[string]bool{
		"81.240.8.9": true, "81.240.0.0/16": true, "81.0.0.0/8": true, "193.0.6.139": false, "host.example.org": false,
	}
	for a := range want {
		b.Bans = append(b.Bans, store.Ban{Address: a, Jail: "sshd"})
	}
	if _, err := s.AddBans(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	locator := &Locator{Store: s, Table: table, Next: func() {}}
	for _, friends := range [][]store.ASN{{5432}, nil, {5432}} {
		if err := s.SetFriends(t.Context(), store.Friends{Systems: friends}); err != nil {
			t.Fatal(err)
		}
		if err := locator.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		for a, friendly := range want {
			got, err := s.BansOf(t.Context(), a, 1)
			if err != nil || len(got) != 1 || got[0].Friendly != (friendly && friends != nil) {
				t.Errorf("%s with %v: %+v, %v", a, friends, got, err)
			}
		}
	}
}
