package enrich

import (
	"net/netip"
	"strconv"
	"strings"
)

// addrRange is a range of addresses of one family, both ends in it.
type addrRange struct{ first, last netip.Addr }

func (s addrRange) has(a netip.Addr) bool {
	return s.first.BitLen() == a.BitLen() && s.first.Compare(a) <= 0 && a.Compare(s.last) <= 0
}

// within reports whether s is a proper part of o.
func (s addrRange) within(o addrRange) bool { return o.has(s.first) && o.has(s.last) && s != o }

// prefixes are the fewest networks that make up the range, 254 at most.
func (s addrRange) prefixes() []netip.Prefix {
	var all []netip.Prefix
	for first := s.first; s.has(first); {
		bits := first.BitLen()
		for ; bits > 0; bits-- {
			wider := netip.PrefixFrom(first, bits-1).Masked()
			if wider.Addr() != first || last(wider).Compare(s.last) > 0 {
				break
			}
		}
		p := netip.PrefixFrom(first, bits)
		all = append(all, p)
		first = last(p).Next() // the zero Addr after the very last one, which no range has
	}
	return all
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// parseRanges reads what registries write for a network: "192.0.2.0 - 192.0.2.255", a CIDR, a CIDR without its
// trailing zeros (190.46/15), a lone address, or a list of these with commas or blanks; what is in brackets after
// it is no part of it.
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
		all = append(all, addrRange{p.Addr(), last(p)})
	}
	return all
}

// parseAddr reads an address, an IPv4 one also with leading zeros in its numbers or without its trailing zeros.
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
