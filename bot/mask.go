package bot

import (
	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
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
	// six is a stretch that may be an IPv6 address, one with IPv4 at its end among them.
	six = `[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}`

	// four is a stretch that may be an IPv4 address, or one as host names have it: 203-0-113-7.
	four = `\d+(?:[._-]\d+){3,}`
)

var fourOrSix, justFour = regexp.MustCompile(six + "|" + four), regexp.MustCompile(four)

// foreign is what may be shown of foreign text that speaks of an address: no address that is in it stays whole.
func (w Words) foreign(text, address string) string {
	if !w.Mask {
		return text
	}
	own, err := netip.ParseAddr(address)
	own = own.Unmap().WithZone("")
	numbers := func(s string) string { return w.numbers(s, own) }
	text = fourOrSix.ReplaceAllStringFunc(text, func(s string) string {
		for _, whole := range []string{s, strings.TrimSuffix(s, ":"), strings.TrimPrefix(s, ":"), strings.Trim(s, ":")} {
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

// numbers is what may be shown of four numbers or more: if they hold the address, forwards or backwards as in
// 7.113.0.203.in-addr.arpa, or are another one.
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

// joined is the IPv4 address of four numbers, which may begin with zeros.
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

// disguises are other forms in which host names have an address: hexadecimal, with dashes, backwards.
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

// network names the network that whois answered for. Its name is foreign text: in code, no client makes a link of it.
func (w Words) network(g store.EnrichedBan) msg.Text {
	t := msg.Text{{Text: "Network "}, {Text: w.address(g.Network), Style: msg.Code}}
	if g.NetworkName != "" {
		t = append(t, msg.Run{Text: " "}, msg.Run{Text: w.foreign(g.NetworkName, g.Address), Style: msg.Code})
	}
	return t
}

// unban says how to lift the ban. Where addresses are masked that is a matter of the server, which knows the address.
func (w Words) unban(b store.Ban) msg.Text {
	switch {
	case !w.Mask:
		return msg.Text{{Text: "\nUnban: "}, {Text: Unban(b), Style: msg.Code}}
	case b.Jail == "":
		return msg.Text{{Text: "\nOn the server, "}, {Text: "fail2ban-client banned", Style: msg.Code}, {Text: " tells the address"}}
	}
	return msg.Text{{Text: "\nOn the server, "}, {Text: "fail2ban-client status " + quote(b.Jail), Style: msg.Code}, {Text: " tells the address"}}
}
