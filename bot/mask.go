package bot

import (
	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// address is what may be shown of an address, or of what was banned in its place.
func (w Words) address(text string) string {
	if !w.Mask {
		return text
	}
	if p, ok := around(text); ok {
		return p
	}
	return w.foreign(text, text)
}

// around is the network that stands for an address, or for a smaller network: /24 of IPv4, /48 of IPv6.
func around(text string) (string, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return "", false
		}
		a = a.Unmap().WithZone("")
		p = netip.PrefixFrom(a, a.BitLen())
	}
	bits := 24
	if p.Addr().Is6() {
		bits = 48
	}
	return netip.PrefixFrom(p.Addr(), min(p.Bits(), bits)).Masked().String(), true
}

const (
	// six matches what may be an IPv6 address, also one that ends in an IPv4 address.
	six = `[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}`

	// four matches what may be an IPv4 address, also one as written in host names: 203-0-113-7.
	four = `\d+(?:[._-]\d+){3,}`
)

var fourOrSix, justFour = regexp.MustCompile(six + "|" + four), regexp.MustCompile(four)

// foreign is what may be shown of foreign text about an address: no address in it is left whole.
func (w Words) foreign(text, address string) string {
	if !w.Mask {
		return text
	}
	own, err := netip.ParseAddr(address)
	own = own.Unmap().WithZone("")
	numbers := func(s string) string { return w.numbers(s, own) }
	text = fourOrSix.ReplaceAllStringFunc(text, func(s string) string {
		for _, whole := range []string{
			s, strings.TrimSuffix(s, ":"), strings.TrimPrefix(s, ":"), strings.Trim(s, ":"),
		} {
			if p, ok := around(whole); ok && strings.Contains(s, ":") {
				return strings.Replace(s, whole, p, 1)
			}
		}
		return justFour.ReplaceAllStringFunc(s, numbers)
	})
	if err != nil {
		return text
	}
	for _, disguise := range disguises(own) {
		text = regexp.MustCompile("(?i)"+regexp.QuoteMeta(disguise)).ReplaceAllLiteralString(text, w.address(address))
	}
	return text
}

// numbers is what may be shown of four or more numbers in a row. They may contain own, forwards or backwards as in
// 7.113.0.203.in-addr.arpa, or be another address.
func (w Words) numbers(text string, own netip.Addr) string {
	octets := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("._-", r) })
	for i := range len(octets) - 3 {
		some := octets[i : i+4]
		backwards := slices.Clone(some)
		slices.Reverse(backwards)
		for _, order := range [][]string{some, backwards} {
			if a, ok := joined(order); ok && a == own {
				return w.address(own.String())
			}
		}
	}
	if a, ok := joined(octets); ok {
		return w.address(a.String())
	}
	return text
}

// joined is the IPv4 address that four numbers make; they may begin with zeros.
func joined(octets []string) (a netip.Addr, ok bool) {
	var four [4]byte
	if len(octets) != len(four) {
		return a, false
	}
	for i, o := range octets {
		n, err := strconv.ParseUint(o, 10, 8)
		if err != nil {
			return a, false
		}
		four[i] = byte(n)
	}
	return netip.AddrFrom4(four), true
}

// disguises are other forms of an address in host names: hexadecimal, with dashes, backwards.
func disguises(a netip.Addr) []string {
	digits := hex.EncodeToString(a.AsSlice())
	if a.Is4() {
		return []string{digits}
	}
	nibbles := strings.Split(digits, "")
	slices.Reverse(nibbles)
	return []string{
		digits, strings.Join(nibbles, "."),
		strings.ReplaceAll(a.String(), ":", "-"), strings.ReplaceAll(a.StringExpanded(), ":", "-"),
	}
}
