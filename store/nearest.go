package store

import (
	"slices"
	"strings"

	"github.com/hbollon/go-edlib"
)

// Nearest is the one of the words that was probably meant, in either case; "" if none is near. A third of the letters
// may differ, and neighbours may have changed places.
func Nearest(typed string, words []string) string {
	typed = strings.ToLower(typed)
	nearest, least := "", (len(typed)+1)/3+1
	for _, word := range words {
		lower := strings.ToLower(word)
		if d := edlib.OSADamerauLevenshteinDistance(typed, lower); d < least || d == least && strings.HasPrefix(lower, typed) {
			nearest, least = word, d
		}
	}
	return nearest
}

// CountryLike returns the country whose short English name was probably meant: "belgum" is Belgium.
func CountryLike(s string) (Country, bool) {
	s = strings.TrimSpace(s)
	const leastLetters, mostLetters = 4, 60
	if len(s) < leastLetters || len(s) > mostLetters {
		return "", false
	}
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return CountryNamed(Nearest(s, all))
}
