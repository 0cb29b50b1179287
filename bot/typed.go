package bot

import (
	"slices"
	"strings"

	"friendlyfire/store"
)

// otherWords are what people type, for what is meant.
var otherWords = map[string]string{
	"1d": "24h", "24hours": "24h", "today": "24h", "1w": "7d", "7days": "7d", "1m": "30d", "30days": "30d",
	"ever": "all", "everything": "all",
	"countries": "country", "server": "source", "servers": "source", "host": "source", "hosts": "source",
	"user": "users", "names": "users", "name": "users", "usernames": "users",
	"strictness": "strict", "active": "banned", "now": "banned",
}

// Meant returns the word of those known that a person means, in whatever form it was typed; false: none.
func Meant(typed string, known []string) (word string, ok bool) {
	typed = strings.ToLower(typed)
	for _, word := range []string{typed, otherWords[typed], strings.TrimSuffix(typed, "s")} {
		if slices.Contains(known, word) {
			return word, true
		}
	}
	return "", false
}

// DidYouMean is " Did you mean jail?" where a word is as good as one of those known, else "".
func DidYouMean(typed string, known []string) string {
	if nearest := store.Nearest(store.Clean(typed, 40), known); nearest != "" {
		return " Did you mean " + nearest + "?"
	}
	return ""
}

// aCountry says what can be asked where a country was typed, by its name, its code, or nearly so; "" for anything else.
func aCountry(words []string) string {
	all := strings.Join(words, " ")
	country, ok := store.CountryNamed(all)
	if !ok {
		country, ok = store.ParseCountry(all)
	}
	question := ""
	if !ok {
		country, ok = store.CountryLike(all)
		question = "Did you mean " + country.Name() + "? "
	}
	if !ok {
		return ""
	}
	return question + "I cannot ask for one country. /report country counts by all of them, " + country.Name() +
		" (" + string(country) + ") among them; /friends lists the bans of friendly ones."
}
