package enrich

import "net/netip"

// special are the blocks that belong to nobody on the public Internet: those of the IANA special-purpose address
// registries (https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry) that are not
// globally reachable or stand for IPv4, multicast, and what IANA has reserved.
var special = prefixes(
	"0.0.0.0/8",       // this network, RFC 791
	"10.0.0.0/8",      // private, RFC 1918
	"100.64.0.0/10",   // shared by a carrier's customers, RFC 6598
	"127.0.0.0/8",     // loopback, RFC 1122
	"169.254.0.0/16",  // link local, RFC 3927
	"172.16.0.0/12",   // private, RFC 1918
	"192.0.0.0/24",    // IETF protocols, RFC 6890
	"192.0.2.0/24",    // documentation, RFC 5737
	"192.88.99.0/24",  // 6to4 relays, RFC 7526
	"192.168.0.0/16",  // private, RFC 1918
	"198.18.0.0/15",   // benchmarks, RFC 2544
	"198.51.100.0/24", // documentation, RFC 5737
	"203.0.113.0/24",  // documentation, RFC 5737
	"224.0.0.0/4",     // multicast, RFC 5771
	"240.0.0.0/4",     // reserved, RFC 1112, and broadcast

	// In IPv6, only 2000::/3 is allocated (RFC 4291): everything else is loopback, embedded IPv4, local or reserved.
	"::/3", "4000::/2", "8000::/1",
	"2001::/23",     // IETF protocols, including Teredo, RFC 2928
	"2001:db8::/32", // documentation, RFC 3849
	"2002::/16",     // 6to4, RFC 3056
	"3fff::/20",     // documentation, RFC 9637
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// Public reports whether the address belongs to the public Internet, so that it has a country and whois may be queried
// about it.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}
