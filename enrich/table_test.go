package enrich

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/store"
)

func TestPublic(t *testing.T) {
	tests := map[string]bool{
		"1.1.1.1": true, "193.0.6.135": true, "2a00:1450::1": true, "2001:4860::1": true, "::ffff:1.1.1.1": true,
		"172.32.0.1": true, "100.128.0.1": true,
		"0.0.0.0": false, "10.1.2.3": false, "100.64.0.1": false, "127.0.0.1": false, "169.254.169.254": false,
		"172.31.255.255": false,
		"192.168.1.1":    false, "198.18.0.1": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"224.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:10.0.0.1": false, "64:ff9b::1": false, "100::1": false, "2001::1": false,
		"2001:db8::1": false, "2002::1": false,
		"3fff::1": false, "fd00::1": false, "fe80::1": false, "fe80::1%eth0": false, "ff02::1": false, "5f00::1": false,
	}
	for text, want := range tests {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %v", text, got)
		}
	}
}

func TestBuiltInTable(t *testing.T) {
	table := builtInTable(t)
	tests := map[string]store.Country{
		"193.0.6.139": "NL", "193.190.198.1": "BE", "::ffff:193.190.198.1": "BE",
		"200.160.2.3": "BR", "2001:6a8::1": "BE",
	}
	for text, want := range tests {
		if got := table.Country(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %q; want %s", text, got, want)
		}
	}
	if name := table.Name(); !strings.HasPrefix(name, "built-in of 20") {
		t.Errorf("name %q", name)
	}
	if !strings.Contains(Attribution, "NRO") || !strings.Contains(Attribution, "CC BY 4.0") {
		t.Errorf("attribution %q", Attribution)
	}
}

func TestTableOfOnesOwn(t *testing.T) {
	tests := map[string]struct {
		record []byte
		want   store.Country
		err    string
	}{
		"country_code":      {record: mapOf("country_code", textOf("BE")), want: "BE"},
		"country.iso_code":  {record: mapOf("country", mapOf("iso_code", textOf("be"))), want: "BE"},
		"no country":        {record: mapOf("city", textOf("Brussels")), err: "country_code and country.iso_code"},
		"a number":          {record: mapOf("country_code", []byte{0xa1, 32}), err: "country_code"},
		"a code of nowhere": {record: mapOf("country_code", textOf("XX")), err: "country_code and country.iso_code"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "own.mmdb")
			if err := os.WriteFile(path, mmdb(tt.record), 0o600); err != nil {
				t.Fatal(err)
			}
			table, err := OpenTable(path, "")
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), path) {
					t.Errorf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer table.Close()
			for _, a := range []string{"1.1.1.1", "2a00::1"} {
				if got := table.Country(netip.MustParseAddr(a)); got != tt.want {
					t.Errorf("%s: %q; want %s", a, got, tt.want)
				}
			}
			if want := path + " of 2026-11-23"; table.Name() != want {
				t.Errorf("name %q, want %q", table.Name(), want)
			}
		})
	}
	for name, content := range map[string]string{"empty": "", "not a table": "DATE,TIME,IP_ADDRESS\n"} {
		path := filepath.Join(t.TempDir(), "bad.mmdb")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenTable(path, ""); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	if _, err := OpenTable(filepath.Join(t.TempDir(), "missing.mmdb"), ""); err == nil {
		t.Error("a missing file was opened")
	}
}

// mmdb returns the smallest possible table, after https://maxmind.github.io/MaxMind-DB: one record for all addresses.
func mmdb(record []byte) []byte {
	number := func(kind byte, n ...byte) []byte { return append([]byte{kind<<5 | byte(len(n))}, n...) }
	// a tree of one node, both sides to the first byte of data: 1 node + 16 bytes between
	b := []byte{0, 0, 17, 0, 0, 17}
	b = append(b, make([]byte, 16)...)
	b = append(b, record...)
	b = append(b, "\xab\xcd\xefMaxMind.com"...)
	b = append(b, 7<<5|9)
	for _, field := range []struct {
		key   string
		value []byte
	}{
		{"binary_format_major_version", number(5, 2)},
		{"binary_format_minor_version", number(5)},
		{"build_epoch", []byte{4, 2, 0x6b, 0x03, 0x84, 0x80}}, // 2026-11-23
		{"database_type", textOf("Own")},
		{"description", []byte{7 << 5}},
		{"ip_version", number(5, 6)},
		{"languages", []byte{0, 4}},
		{"node_count", number(6, 1)},
		{"record_size", number(5, 24)},
	} {
		b = append(append(b, textOf(field.key)...), field.value...)
	}
	return b
}

func textOf(s string) []byte { return append([]byte{2<<5 | byte(len(s))}, s...) }

func mapOf(key string, value []byte) []byte {
	return append(append([]byte{7<<5 | 1}, textOf(key)...), value...)
}

// The ban of a network is as friendly as its friendliest part, however small that is and whoever has the rest.
func TestT06NetworksAreLocatedByPrefixAndFriendlyIfAnyPartIs(t *testing.T) {
	s, table := open(t), builtInTable(t)
	located, err := table.Place("193.0.0.0/8")
	if err != nil || located.Public || len(located.Others) < 20 {
		t.Fatalf("%+v, %v, want the countries of a whole /8", located, err)
	}
	rarest := located.Others[len(located.Others)-1]
	if err := s.SetFriends(t.Context(), store.Friends{Countries: []store.Country{rarest}}); err != nil {
		t.Fatal(err)
	}
	batch := store.Batch{Source: "web1", Place: table.Place, Bans: []store.Ban{{Address: "193.0.0.0/8", Jail: "sshd"}}}
	if _, err := s.AddBans(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	is := func(country store.Country, friendly bool) {
		t.Helper()
		all, err := s.BansOf(t.Context(), "193.0.0.0/8", 1)
		if err != nil || len(all) != 1 || all[0].Country != country || all[0].Friendly != friendly {
			t.Errorf("%+v, %v, want %s, friendly %v", all, err, country, friendly)
		}
	}
	is(rarest, true)
	// With other friends it is looked up again.
	if err := s.SetFriends(t.Context(), store.Friends{Countries: []store.Country{"AQ"}}); err != nil {
		t.Fatal(err)
	}
	if err := (&Locator{Store: s, Table: table, Next: func() {}}).Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	is(located.Country, false)
}

func TestLocatorPlacesWhatIsNew(t *testing.T) {
	s, table := open(t), builtInTable(t)
	if err := s.SetFriends(t.Context(), store.Friends{
		Countries: []store.Country{"BE"},
		Networks:  []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")},
	}); err != nil {
		t.Fatal(err)
	}
	now := store.Batch{Source: "web1"}
	want := map[string]struct {
		country  store.Country
		public   bool
		friendly bool
	}{
		"193.190.198.1":    {"BE", true, true},
		"200.160.2.3":      {"BR", true, false},
		"192.168.1.1":      {"", false, true},
		"10.0.0.1":         {"", false, false},
		"193.190.198.0/24": {"BE", false, true},
		"193.190.0.0/15":   {"BE", false, true},
		"200.160.0.0/20":   {"BR", false, false},
		"192.168.1.0/24":   {"", false, true},
		"bad.example.org":  {"", false, false},
	}
	for a := range want {
		now.Bans = append(now.Bans, store.Ban{Address: a, Jail: "sshd"})
	}
	if _, err := s.AddBans(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	poked := 0
	l := &Locator{Store: s, Table: table, Next: func() { poked++ }}
	for range 2 {
		if err := l.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if poked != 1 {
		t.Errorf("next was called %d times, want once", poked)
	}
	for a, want := range want {
		all, err := s.BansOf(t.Context(), a, 1)
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		if got := all[0]; got.Table != want.country || got.Public != want.public || got.Friendly != want.friendly ||
			!got.Located {
			t.Errorf("%s: %+v", a, got)
		}
	}
	// With another table, all of them are looked up again.
	if err := s.UseTable(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Unlocated(t.Context(), 100); len(left) != len(want) || err != nil {
		t.Errorf("%d unlocated, %v", len(left), err)
	}
}

func TestTableNetworks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.mmdb")
	if err := os.WriteFile(path, mmdb(mapOf("country_code", textOf("BE"))), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := OpenTable(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	tests := map[string]struct {
		table   *Table
		address string
		country store.Country
		holds   string // what is in the network
		misses  string // what is not
	}{
		"IPv4":            {builtInTable(t), "193.190.198.1", "BE", "193.190.198.255", "193.0.6.139"},
		"mapped":          {builtInTable(t), "::ffff:193.190.198.1", "BE", "193.190.198.255", "193.0.6.139"},
		"IPv6":            {builtInTable(t), "2001:6a8::1", "BE", "2001:6a8::ffff", "2a00::1"},
		"one for all, 4":  {own, "1.1.1.1", "BE", "223.1.1.1", "2a00::1"},
		"one for all, 16": {own, "2a00::1", "BE", "2001::1", "1.1.1.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, c := tt.table.Network(netip.MustParseAddr(tt.address))
			if c != tt.country || !p.Contains(netip.MustParseAddr(tt.address).Unmap()) ||
				!p.Contains(netip.MustParseAddr(tt.holds)) || p.Contains(netip.MustParseAddr(tt.misses)) {
				t.Errorf("%v, %s", p, c)
			}
		})
	}
}
