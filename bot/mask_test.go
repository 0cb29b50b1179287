package bot

import (
	"net/netip"
	"strings"
	"testing"

	"friendlyfire/store"
)

func TestS17AddressesAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7":              "203.0.113.0/24",
		"2001:db8:1:2::5":          "2001:db8:1::/48",
		"2001:DB8::5%eth0":         "2001:db8::/48",
		"::ffff:203.0.113.7":       "203.0.113.0/24",
		"203.0.113.7/32":           "203.0.113.0/24",
		"203.0.113.64/26":          "203.0.113.0/24",
		"203.0.0.0/16":             "203.0.0.0/16",
		"2001:db8:1:2::/64":        "2001:db8:1::/48",
		"203.0.113.7:2222":         "203.0.113.0/24:2222",
		"203-0-113-7.example.org":  "203.0.113.0/24.example.org",
		"host.example.org":         "host.example.org",
		"[2001:db8::5]":            "[2001:db8::/48]",
		"dhcp_203_0_113_7.example": "dhcp_203.0.113.0/24.example",
	} {
		if got := (Words{Mask: true}).address(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
		if got := (Words{}).address(text); got != text {
			t.Errorf("%s is shown as %s though nothing is masked", text, got)
		}
	}
}

func TestS17AddressesInLogLinesAreMasked(t *testing.T) {
	tests := []struct{ address, line, want string }{
		{
			"203.0.113.7", "Failed password for anna from 203.0.113.7 port 22 ssh2",
			"Failed password for anna from 203.0.113.0/24 port 22 ssh2",
		},
		{"203.0.113.7", "rhost=203-0-113-7.dsl.example user=anna", "rhost=203.0.113.0/24.dsl.example user=anna"},
		{"203.0.113.7", "from 7.113.0.203.in-addr.arpa", "from 203.0.113.0/24.in-addr.arpa"},
		{"203.0.113.7", "from 203.000.113.007, from ::ffff:203.0.113.7", "from 203.0.113.0/24, from 203.0.113.0/24"},
		{"203.0.113.7", "host cb007107.example, CB007107", "host 203.0.113.0/24.example, 203.0.113.0/24"},
		{"203.0.113.7", "not 203.0.113.77 but 198.51.100.9", "not 203.0.113.0/24 but 198.51.100.0/24"},
		{"203.0.113.7", "a203-0-113-7-22.example", "a203.0.113.0/24.example"},
		{
			"203.0.113.7", "2026-11-22 03:02:03 02:42:ac:11:00:02 v1.2.3 255.256.1.1",
			"2026-11-22 03:02:03 02:42:ac:11:00:02 v1.2.3 255.256.1.1",
		},
		{"2001:db8::5", "from 2001:db8::5: denied", "from 2001:db8::/48: denied"},
		{"2001:db8::5", "from [2001:0DB8:0:0:0:0:0:5]:22", "from [2001:db8::/48]:22"},
		{"2001:db8::5", "client:2001:db8::5, other 2001:db8:9::1", "client:2001:db8::/48, other 2001:db8:9::/48"},
		{
			"2001:db8::5", "2001-db8--5.example 2001-0db8-0000-0000-0000-0000-0000-0005",
			"2001:db8::/48.example 2001:db8::/48",
		},
		{
			"2001:db8::5", "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
			"2001:db8::/48.ip6.arpa",
		},
		{"host.example.org", "from host.example.org", "from host.example.org"},
	}
	for _, tc := range tests {
		if got := (Words{Mask: true}).foreign(tc.line, tc.address); got != tc.want {
			t.Errorf("%s is shown as %s, want %s", tc.line, got, tc.want)
		}
	}
}

func TestS17SmallNetworksAreMasked(t *testing.T) {
	g := store.EnrichedBan{
		Ban: store.Ban{Address: "203.0.113.7"}, Network: "203.0.113.7/32",
		NetworkName: "CUSTOMER-203-0-113-7",
	}
	const want = "CUSTOMER-203.0.113.0/24, 203.0.113.0/24"
	if got := (Words{Mask: true}).network(g).String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// No address comes through, whatever surrounds it.
func FuzzS17NoAddressComesThrough(f *testing.F) {
	for _, s := range []string{"from ", ":", "1.", "-9", "::", "fe:", "", "[", "2001:", "é", "0"} {
		f.Add(s, s, uint32(0xcb007107))
	}
	f.Fuzz(func(t *testing.T, before, after string, number uint32) {
		a := netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)})
		const digits = "0123456789"
		if strings.TrimRight(before, digits) != before || strings.TrimLeft(after, digits) != after {
			return // its numbers would be others
		}
		line := before + a.String() + after
		shown := (Words{Mask: true}).foreign(line, a.String())
		if strings.Contains(strings.ReplaceAll(shown, a.String()+"/24", ""), a.String()) && a.As4()[3] != 0 {
			t.Errorf("%q is shown as %q", line, shown)
		}
	})
}
