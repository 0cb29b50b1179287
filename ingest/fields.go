package ingest

import (
	"encoding/base64"
	"net/netip"
	"strings"

	"friendlyfire/store"
)

// address returns the canonical form of an address, without a port, or of a network. Other text is cleaned and
// truncated, since jails may ban anything.
func address(s string) string {
	if a := onlyAddress(s); a != "" {
		return a
	}
	return store.Clean(s, 100)
}

// maxAddress is the length of the longest text that can be an address, in bytes: IPv6 with IPv4 at its end, a zone, a
// port.
const maxAddress = 80

// onlyAddress is like address, but returns "" for other text. A network of a single address is that address.
func onlyAddress(s string) string {
	if len(s) < len("::") || len(s) > maxAddress {
		return ""
	}
	a, err := netip.ParseAddr(s)
	if err == nil {
		return plain(a)
	}
	if bare, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(bare, "]") {
		if a, err = netip.ParseAddr(strings.TrimSuffix(bare, "]")); err == nil && a.Is6() {
			return plain(a)
		}
		return ""
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return plain(p.Addr())
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return ""
	case p.IsSingleIP():
		return plain(p.Addr())
	case p.Addr().Is4In6() && p.Bits() >= 96:
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked().String()
}

func plain(a netip.Addr) string { return a.Unmap().WithZone("").String() }

// isAddress reports whether s is an IP address.
func isAddress(s []byte) bool {
	_, err := netip.ParseAddr(string(s))
	return err == nil
}

// number parses an integer. It drops decimals, which Fail2Ban's numbers may have.
func number(field []byte) (int64, error) {
	digits := field
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	for i, c := range digits {
		if c == '.' {
			digits = digits[:i]
			break
		}
	}
	n, ok := natural(digits)
	if !ok {
		return 0, errNumber
	}
	if negative {
		n = -n
	}
	return n, nil
}

// natural parses 1 to 12 digits.
func natural(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 || len(digits) > 12 {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = 10*n + int64(d-'0')
	}
	return n, true
}

// Limits of the log lines kept for one ban: the latest lines, and the characters of each. Our own action writes up to
// 2,000 bytes, which are hardly ever more.
const (
	matchLines = 20
	matchChars = 500
)

// matches decodes log lines, whose text is under the attacker's control. If they cannot be decoded they are left out,
// since the ban is valid without them.
func matches(field []byte) string {
	if len(field) == 0 {
		return ""
	}
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(field)))
	n, err := base64.StdEncoding.Decode(raw, field)
	if err != nil {
		return ""
	}
	return keptLines(string(raw[:n]))
}

// keptLines returns the latest of the log lines, cleaned.
func keptLines(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if line = store.Clean(line, matchChars); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-matchLines):], "\n")
}
