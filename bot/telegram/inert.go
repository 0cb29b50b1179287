package telegram

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Telegram finds links, mentions, hashtags, cashtags, commands, e-mail addresses, telephone and card numbers in plain
// text by itself, and makes them clickable. It finds none in Code and Pre. What is found here is whatever it may find,
// and somewhat more: https://core.telegram.org/bots/api#messageentity, and the rules in td/telegram/MessageEntity.cpp
// of https://github.com/tdlib/td. The rules for telephone numbers are not published.

// activeWord matches a word that Telegram may find something in.
var activeWord = regexp.MustCompile(strings.Join([]string{
	`@[A-Za-z0-9_]`,
	`#[\p{L}\p{N}_\x{b7}\x{200c}\x{d80}-\x{dff}]`,
	`\$[A-Z1]`,
	`(^|[^\p{L}\p{N}_/<>])/[A-Za-z0-9_]`, // a command; not and/or
	`://`,
	`[^.]\.\p{L}[\p{L}\p{M}\p{N}-]`, // a domain; not "e.g."
	`[0-9]\.[0-9]+\.[0-9]+\.[0-9]`,  // an address is a link, too
}, "|"))

// stretch is a part of a text, in bytes.
type stretch struct{ from, to int }

// actives returns the parts of the text in which Telegram may find something, in order and apart from each other.
func actives(text string) []stretch {
	all := activeNumbers(text)
	begin := -1 // of a word
	for i, r := range text + " " {
		switch space := unicode.IsSpace(r); {
		case !space && begin < 0:
			begin = i
		case space && begin >= 0:
			if word := text[begin:i]; strings.ContainsAny(word, "@#$/.") && activeWord.MatchString(word) {
				all = append(all, stretch{begin, i})
			}
			begin = -1
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return a.from - b.from })
	var apart []stretch
	for _, s := range all {
		if last := len(apart) - 1; last >= 0 && s.from <= apart[last].to {
			apart[last].to = max(apart[last].to, s.to)
			continue
		}
		apart = append(apart, s)
	}
	return apart
}

var isoDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}\b`)

// activeNumbers returns what may be telephone numbers, of seven digits and more or of five after a plus, and card
// numbers, of 13 and more. A date is no telephone number.
func activeNumbers(text string) (all []stretch) {
	text = strings.ReplaceAll(text, "\u202f", "   ") // as many bytes
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	for i := 0; i < len(text); {
		plus := text[i] == '+'
		if !plus && !isDigit(text[i]) {
			i++
			continue
		}
		digits, end, separators := 0, i+1, " -()"
		if plus {
			separators = " -()./"
		}
		for j := i; j < len(text) && (isDigit(text[j]) || j == i || strings.IndexByte(separators, text[j]) >= 0); j++ {
			if isDigit(text[j]) {
				digits, end = digits+1, j+1
			}
		}
		switch {
		case digits < 13 && isoDate.MatchString(text[i:min(len(text), i+11)]):
			end = i + len("2006-01-02")
		case digits >= 7, plus && digits >= 5:
			all = append(all, stretch{i, end})
		}
		i = end
	}
	return all
}

// hairSpace is the narrowest character that is part of nothing that Telegram finds.
const hairSpace = "\u200a"

// disarm returns the text with a hair space on both sides, since what is beside it may continue it, and between all
// characters if something may be found in it. It is for where no entity can be had.
func disarm(text string) string {
	if len(actives(text)) == 0 {
		return hairSpace + text + hairSpace
	}
	var b strings.Builder
	for _, r := range text {
		if !unicode.Is(unicode.M, r) {
			b.WriteString(hairSpace)
		}
		b.WriteRune(r)
	}
	return b.String() + hairSpace
}
