package ingest

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"strings"

	"friendlyfire/store"
)

// address returns the canonical form of an address. Other text is cleaned and truncated, since jails may ban anything.
func address(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return store.Clean(s, 100)
}

// number parses an integer. It drops decimals, which Fail2Ban's numbers may have.
func number(field []byte) (int64, error) {
	digits, _, _ := bytes.Cut(field, []byte{'.'})
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
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

// Limits of the log lines kept for one ban: the latest lines, and the characters of each.
const (
	matchLines = 10
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
	var kept []string
	for line := range strings.Lines(string(raw[:n])) {
		if line = store.Clean(line, matchChars); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-matchLines):], "\n")
}
