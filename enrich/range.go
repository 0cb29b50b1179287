package enrich

import (
	"net/netip"
	"strconv"
	"strings"
)

// addrRange is a range of addresses of one family, including both ends.
type addrRange struct{ first, last netip.Addr }

func (r addrRange) has(a netip.Addr) bool {
	return r.first.BitLen() == a.BitLen() && r.first.Compare(a) <= 0 && a.Compare(r.last) <= 0
}

// within reports whether r is a proper part of o.
func (r addrRange) within(o addrRange) bool { return o.has(r.first) && o.has(r.last) && r != o }

// prefixes returns the fewest networks that make up the range, at most 254.
func (r addrRange) prefixes() []netip.Prefix {
	var all []netip.Prefix
	for first := r.first; r.has(first); {
		bits := first.BitLen()
		for ; bits > 0; bits-- {
			wider := netip.PrefixFrom(first, bits-1).Masked()
			if wider.Addr() != first || lastAddress(wider).Compare(r.last) > 0 {
				break
			}
		}
		p := netip.PrefixFrom(first, bits)
		all = append(all, p)
		first = lastAddress(p).Next() // after the very last address, the zero Addr, which ends the loop
	}
	return all
}

// lastAddress returns the last address of a network.
func lastAddress(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// parseRanges parses the forms in which registries write a network: "192.0.2.0 - 192.0.2.255", a CIDR, a CIDR without
// its trailing zeros (190.46/15), a single address, or a list of these separated by commas or spaces. It ignores a
// remark in parentheses that follows.
func parseRanges(s string) []addrRange {
	s, _, _ = strings.Cut(s, "(")
	if first, last, ok := strings.Cut(s, "-"); ok {
		a, okA := parseAddr(strings.TrimSpace(first))
		b, okB := parseAddr(strings.TrimSpace(last))
		if !okA || !okB || a.BitLen() != b.BitLen() || a.Compare(b) > 0 {
			return nil
		}
		return []addrRange{{a, b}}
	}
	var all []addrRange
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		addr, length, isCIDR := strings.Cut(word, "/")
		a, ok := parseAddr(addr)
		if !ok {
			return nil
		}
		bits := a.BitLen()
		if isCIDR {
			n, err := strconv.Atoi(length)
			if err != nil || n < 0 || n > bits {
				return nil
			}
			bits = n
		}
		p := netip.PrefixFrom(a, bits).Masked()
		all = append(all, addrRange{p.Addr(), lastAddress(p)})
	}
	return all
}

// parseAddr parses an address; an IPv4 one may have leading zeros in its numbers, or lack trailing zeros.
func parseAddr(s string) (netip.Addr, bool) {
	if strings.Contains(s, ":") {
		a, err := netip.ParseAddr(s)
		return a, err == nil && a.Zone() == "" && !a.Is4In6()
	}
	var b [4]byte
	n := 0
	for word := range strings.SplitSeq(s, ".") {
		v, err := strconv.ParseUint(word, 10, 8)
		if err != nil || n == len(b) {
			return netip.Addr{}, false
		}
		b[n] = byte(v)
		n++
	}
	return netip.AddrFrom4(b), true
}
