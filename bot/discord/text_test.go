package discord

import (
	"strings"
	"testing"
	"unicode"

	"friendlyfire/bot/msg"
)

func TestS05TextCannotAct(t *testing.T) {
	for name, tc := range map[string]struct {
		text msg.Text
		want string
	}{
		"plain": {
			msg.Text{{Text: "Belgium: 12 bans at 08:15, see (sshd)."}}, "Belgium: 12 bans at 08:15, see (sshd).",
		},
		"bold": {msg.Text{{Text: "a", Style: msg.Bold}}, "**a**"},
		"code": {
			msg.Text{{Text: "192.0.2.1", Style: msg.Code}, {Text: " in "}, {Text: "x", Style: msg.Code}},
			"`192.0.2.1` in `x`",
		},
		"pre": {msg.Text{{Text: "BE ██\nNL █\n", Style: msg.Pre}}, "```\nBE ██\nNL █\n```"},
		"neighbours": {
			msg.Text{{Text: "a", Style: msg.Bold}, {Style: msg.Code}, {Text: "b", Style: msg.Bold}}, "**ab**",
		},
		"emphasis": {
			msg.Text{{Text: "*a* _b_ ~~c~~ ||d|| `e`"}}, "\\*a\\* \\_b\\_ \\~\\~c\\~\\~ \\|\\|d\\|\\| \\`e\\`",
		},
		"in bold":      {msg.Text{{Text: "a** @everyone \\", Style: msg.Bold}}, "**a\\*\\* \\@everyone \\\\**"},
		"backslash":    {msg.Text{{Text: `\*a*`}}, `\\\*a\*`},
		"mentions":     {msg.Text{{Text: "@everyone <@1> <@&2> <#3>"}}, `\@everyone \<\@1\> \<\@&2\> \<#3\>`},
		"times, emoji": {msg.Text{{Text: "<t:0:R> <:a:1> </report:1>"}}, `\<t:0:R\> \<\:a:1\> \</report:1\>`},
		"masked link":  {msg.Text{{Text: "[bank](https://example.org)"}}, `\[bank\](https\://example\.org)`},
		"bare URL":     {msg.Text{{Text: "http://example.org discord://x"}}, `http\://example\.org discord\://x`},
		"invitation":   {msg.Text{{Text: "discord.gg/abc, 1.5 e.g."}}, `discord\.gg/abc, 1.5 e\.g.`},
		"emoji":        {msg.Text{{Text: ":fire: :+1: 08:15:32 2001:db8::1 :100:"}}, `\:fire: \:+1: 08:15:32 2001\:db8::1 \:100:`},
		"code and pre": {
			msg.Text{{Text: "a", Style: msg.Code}, {Text: "b", Style: msg.Pre}, {Text: "c", Style: msg.Code}},
			"`a`\n```\nb\n```\n`c`",
		},
		"quote in small": {
			msg.Text{{Text: "a"}, {Text: "198.51.100.1 198.51.100.2\n`discord.gg/x`\n", Style: msg.Quote}, {Text: "b"}},
			"a\n-# `198.51.100.1 198.51.100.2`\n-# `ˋdiscord.gg/xˋ`\nb",
		},
		"heading": {msg.Text{{Text: "# a\n ## b\n-# c\nd # e"}}, "\\# a\n \\## b\n\\-# c\nd # e"},
		"quote":   {msg.Text{{Text: "> a\n>>> b"}}, "\\> a\n\\>\\>\\> b"},
		"lists": {
			msg.Text{{Text: "- a\n* b\n+ c\n1. d\n12) e\n1.5 - f"}}, "\\- a\n\\* b\n\\+ c\n1\\. d\n12\\) e\n1\\.5 - f",
		},
		"code in code":   {msg.Text{{Text: "a``b`\n@here", Style: msg.Code}}, "`aˋˋbˋ @here`"},
		"fence in pre":   {msg.Text{{Text: "```\n@here", Style: msg.Pre}}, "```\nˋˋˋ\n@here\n```"},
		"unseen":         {msg.Text{{Text: "a\x00\x1b[31m\u202eb\u200b\r\n\xff"}}, "a\\[31mb\n\ufffd"},
		"unseen in code": {msg.Text{{Text: "a\x00\u2066`b", Style: msg.Code}}, "`aˋb`"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := markdown(tc.text); got != tc.want {
				t.Errorf("markdown is\n%q, want\n%q", got, tc.want)
			}
		})
	}
}

func TestFitsCountsMarksAndEscapes(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want bool
	}{
		"2000":          {strings.Repeat("a", 2000), true},
		"2001":          {strings.Repeat("a", 2001), false},
		"escapes":       {strings.Repeat("*", 1001), false},
		"beyond UTF-16": {strings.Repeat("🇧", 1001), false},
		"accents":       {strings.Repeat("é", 2000), true},
	} {
		if got := new(Client).Fits(msg.Message{Text: msg.Text{{Text: tc.text}}}); got != tc.want {
			t.Errorf("%s: Fits is %t, want %t", name, got, tc.want)
		}
	}
}

// FuzzMarkdown reads the markup back as Discord does: a character after a backslash is shown, and no other one is
// markup.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"# a\n- b", "<@1> @everyone", "[a](https://b)", "\\`*_~|", "\u202e\x00", "1. a\n 2) b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := markdown(msg.Text{{Text: s}})
		var shown strings.Builder
		escaped := false
		for _, r := range got {
			switch {
			case escaped:
				shown.WriteRune(r)
				escaped = false
			case r == '\\':
				escaped = true
			case strings.ContainsRune("`*_~|[]<>@", r), r != '\n' && unicode.IsControl(r), unicode.Is(unicode.Cf, r):
				t.Fatalf("%q acts in %q", r, got)
			default:
				shown.WriteRune(r)
			}
		}
		if want := strings.Map(msg.Visible, strings.ToValidUTF8(s, "\ufffd")); shown.String() != want {
			t.Fatalf("%q shows as %q", want, shown.String())
		}
		if strings.Contains(got, "://") && !strings.Contains(got, `\://`) {
			t.Fatalf("a bare URL in %q", got)
		}
	})
}
