package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"friendlyfire/bot/post"
)

// notPublic are addresses of this machine, of private networks, and of nobody: the registries of special addresses,
// https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry. Those for documentation
// are not among them; nobody has them.
var notPublic = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "2001::/23")

// globalUnicast are all IPv6 addresses that can be public:
// https://www.iana.org/assignments/ipv6-unicast-address-assignments
var globalUnicast = netip.MustParsePrefix("2000::/3")

// embedding are networks whose addresses hold an IPv4 address, which is where packets end, and the byte where it
// begins: RFC 6052, section 2.1, and RFC 3056, section 2.
var embedding = []struct {
	network netip.Prefix
	at      int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// embedded is the address that packets to a end at.
func embedded(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	for _, e := range embedding {
		if e.network.Contains(a) {
			bytes := a.As16()
			return netip.AddrFrom4([4]byte(bytes[e.at : e.at+4]))
		}
	}
	return a
}

// public reports whether the address is one of the public Internet.
func public(a netip.Addr) bool {
	a = embedded(a)
	for _, network := range notPublic {
		if network.Contains(a) {
			return false
		}
	}
	return a.Is4() || globalUnicast.Contains(a)
}

// allowed reports whether something may be sent to the address: it is public, or in a network that is named.
func allowed(a netip.Addr, private []netip.Prefix) bool {
	if public(a) {
		return true
	}
	for _, network := range private {
		if network.Contains(embedded(a)) {
			return true
		}
	}
	return false
}

// dialLimit is how long all addresses of a host together may take to answer.
const dialLimit = 12 * time.Second

// guard opens connections to addresses that are allowed, and to no others. A name is resolved here, and what it
// resolves to is dialled: it cannot be another address a moment later.
type guard struct {
	private []netip.Prefix
	resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
	next    post.Dialer
}

func newGuard(private []netip.Prefix, next post.Dialer) *guard {
	if next == nil {
		next = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	return &guard{private: private, resolve: net.DefaultResolver.LookupNetIP, next: next}
}

// addresses returns the addresses of a host that are allowed. The error is a *post.RefusedAddressError if it has none
// but others.
func (g *guard) addresses(ctx context.Context, host string) (good []netip.Addr, err error) {
	all := make([]netip.Addr, 1)
	if all[0], err = netip.ParseAddr(host); err != nil {
		all, err = g.resolve(ctx, "ip", host)
	}
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if allowed(a, g.private) {
			good = append(good, a.Unmap())
		}
	}
	if len(good) == 0 {
		return nil, &post.RefusedAddressError{
			Reason: "because its host is on this machine or in a private network, which [webhook] private does not name",
		}
	}
	return good, nil
}

// dial connects to the first address of a host that is allowed and answers.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := g.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, a := range addresses {
		once, cancel := context.WithTimeout(ctx, max(dialLimit/time.Duration(len(addresses)), time.Second))
		conn, err := g.next(once, network, net.JoinHostPort(a.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
