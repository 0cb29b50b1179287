package ntfy

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// mostFlags is how many countries of a storm are shown as tags.
const mostFlags = 3

// flags are the short codes of the flags of the countries, each once: apps show such a tag as an emoji before the
// title.
func flags(bans []msg.Ban) (tags []string) {
	for _, b := range bans {
		tag := shortCode(store.Country(b.Country))
		if tag != "" && !slices.Contains(tags, tag) && len(tags) < mostFlags {
			tags = append(tags, tag)
		}
	}
	return tags
}

// shortCode is the short code of a country's flag in https://docs.ntfy.sh/emojis/, "" for no country: its English name
// in small letters, with exceptions.
func shortCode(c store.Country) string {
	if c.Flag() == "" {
		return ""
	}
	name := strings.ReplaceAll(strings.Replace(c.Name(), "Saint ", "St ", 1), " and ", " ")
	return cmp.Or(shortCodes[c], strings.Map(func(r rune) rune {
		switch {
		case r == ' ', r == '-':
			return '_'
		case unicode.IsLetter(r):
			return unicode.ToLower(r)
		}
		return -1
	}, name))
}

// shortCodes are the exceptions.
var shortCodes = map[store.Country]string{
	"AX": "aland_islands", "BL": "st_barthelemy", "CD": "congo_kinshasa", "CG": "congo_brazzaville",
	"CI": "cote_divoire", "CN": "cn", "CV": "cape_verde", "CW": "curacao", "CZ": "czech_republic", "DE": "de", "ES": "es",
	"FR": "fr", "GB": "gb", "GS": "south_georgia_south_sandwich_islands", "IT": "it", "JP": "jp", "KR": "kr",
	"MK": "macedonia", "MO": "macau", "PN": "pitcairn_islands", "PS": "palestinian_territories", "RE": "reunion",
	"RU": "ru", "ST": "sao_tome_principe", "SZ": "swaziland", "TR": "tr", "US": "us", "VC": "st_vincent_grenadines",
	"XK": "kosovo",
}
