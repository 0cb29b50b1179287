package telegramtest

import (
	"slices"
	"testing"
	"unicode/utf16"
)

func TestFindsWhatTelegramFinds(t *testing.T) {
	tests := map[string][]string{ // text → what is found
		"see https://a.example/x?y#z":          {"url https://a.example"},
		"a.example, b.Example; c.xn--p1ai":     {"url a.example", "url b.Example", "url c.xn--p1ai"},
		"192.0.2.7 and 192.0.2":                {"url 192.0.2.7"},
		"bob@a.example":                        {"email bob@a.example"},
		"tg://user?id=1":                       {"url tg://user"},
		"@name (@pic) @x a@name":               {"mention @name", "mention @pic"},
		"#tag #1 a#b ##c #é":                   {"hashtag #tag", "hashtag #c", "hashtag #é"},
		"$USD $usd US$USD $$USD":               {"cashtag $USD"},
		"/cmd and/or (/x@the_bot) <b>a</b>":    {"bot_command /cmd", "bot_command /x@the_bot"},
		"/var/log/fail2ban":                    nil,
		"card 4111 1111 1111 1111.":            {"bank_card 4111 1111 1111 1111"},
		"card 4111-1111-1111-1112":             nil,
		"call +1-212-555-0123":                 {"phone_number +1-212-555-0123"},
		"2026-11-28 20:37:15 1.5 e.g. v1.2.3":  nil,
		"Belgium: 12 bans (sshd), 10,000 rows": nil,
	}
	for text, want := range tests {
		var got []string
		units := utf16.Encode([]rune(text))
		for _, e := range Found(text, nil) {
			got = append(got, e.Type+" "+string(utf16.Decode(units[e.Offset:e.end()])))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
		if all := Found(text, []Entity{{"code", 0, len(units)}}); len(all) != 0 {
			t.Errorf("%q as code: found %v", text, all)
		}
	}
}
