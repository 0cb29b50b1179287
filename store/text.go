package store

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes foreign text safe to display: invalid UTF-8 becomes U+FFFD, control and invisible formatting characters
// (including bidi overrides) become spaces, and runs of white space one space. Text of more than limit characters is
// truncated to that length, ending in an ellipsis.
func Clean(s string, limit int) string {
	if isClean(s, limit) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > limit {
		s = strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
	}
	return s
}

// isClean reports whether Clean changes nothing, which is told at once of plain ASCII.
func isClean(s string, limit int) bool {
	space := true // before the first character
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || space && s[i] == ' ' {
			return false
		}
		space = s[i] == ' '
	}
	return len(s) <= limit && (!space || s == "")
}

// ShellQuote makes s one word to a POSIX shell.
func ShellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._:/-@", r)
	}
	if s != "" && s[0] != '-' && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// HoldsAddress reports whether an IP address stands anywhere in s.
func HoldsAddress(s string) bool {
	other := func(c rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF.:", c) }
	for _, word := range strings.FieldsFunc(s, other) {
		if _, err := netip.ParseAddr(strings.Trim(word, ".")); err == nil {
			return true
		}
	}
	return false
}
