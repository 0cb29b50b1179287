package store

import "strings"

// Country is an ISO 3166-1 alpha-2 code in capitals, "" where no country is known.
type Country string

// ParseCountry reads a code as people and registries write it: in either case, with UK for GB.
// Codes that ISO 3166-1 does not assign (EU, AP, ZZ, XK and the like) are no countries.
func ParseCountry(s string) (Country, bool) {
	c := Country(strings.ToUpper(strings.TrimSpace(s)))
	if c == "UK" {
		c = "GB"
	}
	_, ok := names[c]
	if !ok {
		return "", false
	}
	return c, true
}

// Name is the country's short English name, "Unknown" for "", and the code itself where it is none of ISO 3166-1.
func (c Country) Name() string {
	if c == "" {
		return "Unknown"
	}
	if name, ok := names[c]; ok {
		return name
	}
	return string(c)
}

// Flag is the country's flag as a pair of regional indicators, "" where no country is known.
func (c Country) Flag() string {
	if _, ok := names[c]; !ok {
		return ""
	}
	const a = '🇦'
	return string([]rune{a + rune(c[0]-'A'), a + rune(c[1]-'A')})
}
