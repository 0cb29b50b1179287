package bot

import (
	"slices"
	"strings"

	"github.com/hbollon/go-edlib"

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

// DidYouMean is " Did you mean jail?" where a word is as good as one of those known, else "". A third of its letters may
// differ, and neighbours may have changed places.
func DidYouMean(typed string, known []string) string {
	typed = strings.ToLower(store.Clean(typed, 40))
	nearest, least := "", (len(typed)+1)/3+1
	for _, word := range known {
		if d := edlib.OSADamerauLevenshteinDistance(typed, word); d < least || d == least && strings.HasPrefix(word, typed) {
			nearest, least = word, d
		}
	}
	if nearest == "" {
		return ""
	}
	return " Did you mean " + nearest + "?"
}
