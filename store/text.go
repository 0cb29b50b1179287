package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes foreign text fit to be shown: what is no UTF-8 becomes U+FFFD, control and invisible formatting
// characters (bidi overrides among them) a space, runs of white space one space; more than limit characters
// are cut, with an ellipsis in place of the last.
func Clean(s string, limit int) string {
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
