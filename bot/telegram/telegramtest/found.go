package telegramtest

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Found returns the entities that Telegram finds in a text by itself, but for those that touch one of these kinds,
// which the sender has set: code, pre. https://core.telegram.org/bots/api#messageentity
//
// The rules are those of td/telegram/MessageEntity.cpp in https://github.com/tdlib/td, with two differences: every
// top-level domain of two letters or more counts, where Telegram has a list, and telephone numbers, for which no rule
// is published, are seven to fifteen digits, grouped as people do.
func Found(text string, set []Entity) []Entity {
	var all []Entity
	for _, rule := range rules {
		for at := 0; at < len(text); {
			m := rule.form.FindStringSubmatchIndex(text[at:])
			if m == nil {
				break
			}
			from, to := at+m[2], at+m[3]
			before, _ := utf8.DecodeLastRuneInString(text[:from])
			after, _ := utf8.DecodeRuneInString(text[to:])
			if rule.accepts(text[from:to], before, after) {
				e := Entity{rule.kind, len(utf16.Encode([]rune(text[:from]))), len(utf16.Encode([]rune(text[from:to])))}
				if !slices.ContainsFunc(set, func(o Entity) bool {
					return (o.Type == "code" || o.Type == "pre") && e.Offset < o.end() && o.Offset < e.end()
				}) {
					all = append(all, e)
				}
				at = to
				continue
			}
			_, size := utf8.DecodeRuneInString(text[from:])
			at = from + size
		}
	}
	return all
}

// rules are the kinds of entities: a form, whose first group is the entity, and what else must hold of it, of the
// character before and of the one after, which are utf8.RuneError at the ends.
var rules = []struct {
	kind    string
	form    *regexp.Regexp
	accepts func(entity string, before, after rune) bool
}{
	{"mention", regexp.MustCompile(`(@[A-Za-z0-9_]{2,32})`), func(e string, before, after rune) bool {
		short := slices.Contains([]string{"gif", "nft", "pic", "ufc", "vid"}, strings.ToLower(e[1:]))
		return !inWord(before) && !inWord(after) && (len(e) > 4 || short)
	}},
	{
		"bot_command", regexp.MustCompile(`(/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)`),
		func(_ string, before, after rune) bool {
			return !inWord(before) && !inWord(after) && !strings.ContainsRune("/<>", before) &&
				!strings.ContainsRune("/<>", after)
		},
	},
	{
		"hashtag", regexp.MustCompile(`(#[\p{L}\p{Nd}_\x{200c}\x{b7}\x{d80}-\x{dff}]{1,256})`),
		func(e string, before, after rune) bool {
			return !inHashtag(before) && after != '#' && strings.ContainsFunc(e, unicode.IsLetter)
		},
	},
	{"cashtag", regexp.MustCompile(`(\$(?:1INCH|[A-Z]{1,8}))`), func(_ string, before, after rune) bool {
		return !inHashtag(before) && before != '$' && !inHashtag(after) && after != '$'
	}},
	{"bank_card", regexp.MustCompile(`([0-9](?:[ -]*[0-9]){12,18})`), func(e string, before, after rune) bool {
		return !strings.ContainsRune(".,+-_", before) && !unicode.IsLetter(before) && !unicode.IsDigit(before) &&
			after != '-' && after != '_' && !unicode.IsLetter(after) && !unicode.IsDigit(after) && luhn(e)
	}},
	{"phone_number", regexp.MustCompile(`(\+?\(?[0-9](?:[ ()-]{0,2}[0-9]){6,14})`), func(e string, before, after rune) bool {
		return !inWord(before) && before != '.' && before != ':' && before != '-' && !inWord(after) && after != '.' &&
			after != ':' && after != '-' && !isoDate.MatchString(e)
	}},
	{"url", regexp.MustCompile(`(?i)((?:tg|ton|tonsite)://[a-z0-9_-]{1,253})`), func(string, rune, rune) bool {
		return true
	}},
	{"url", regexp.MustCompile(`(?i)((?:https?|ftp)://` + host + `)`), func(e string, _, _ rune) bool {
		_, name, _ := strings.Cut(e, "://")
		return isHost(name)
	}},
	{"url", regexp.MustCompile(`(` + host + `)`), func(e string, before, _ rune) bool {
		return !inWord(before) && !strings.ContainsRune("/#@", before) && isHost(e)
	}},
	{"email", regexp.MustCompile(`([A-Za-z0-9_+.-]+@` + host + `)`), func(e string, _, _ rune) bool {
		_, name, _ := strings.Cut(e, "@")
		return isHost(name)
	}},
}

// host is a domain, or an address of four numbers.
const host = `[\p{L}\p{M}\p{N}_~-]+(?:\.[\p{L}\p{M}\p{N}_~-]+)+`

var (
	isoDate = regexp.MustCompile(`^\(?[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	address = regexp.MustCompile(`^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$`)
	zone    = regexp.MustCompile(`^(?:xn--[A-Za-z0-9]{2,}|\p{L}[\p{L}\p{M}]+)$`)
)

func isHost(name string) bool {
	parts := strings.Split(name, ".")
	for _, p := range parts {
		if len(p) >= 64 || strings.HasSuffix(p, "-") {
			return false
		}
	}
	return address.MatchString(name) || zone.MatchString(parts[len(parts)-1]) && !strings.Contains(parts[len(parts)-2], "_")
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_')
}

func inHashtag(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_\u200c\u00b7", r))
}

// luhn reports whether the digits have the check sum of card numbers.
func luhn(number string) bool {
	sum, n := 0, 0
	for i := len(number) - 1; i >= 0; i-- {
		d := int(number[i] - '0')
		if d < 0 || d > 9 {
			continue
		}
		if n%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, n = sum+d, n+1
	}
	return sum%10 == 0
}
