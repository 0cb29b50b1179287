package discord

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"friendlyfire/bot/msg"
)

// maxContent is the length of a message's text. Discord says characters; UTF-16 units are never fewer.
const maxContent = 2000

// Fits reports whether m's text can travel as one message, with its marks and escapes.
func (c *Client) Fits(m msg.Message) bool {
	return len(utf16.Encode([]rune(markdown(m.Text)))) <= maxContent
}

// markdown sets text in Discord's markup: https://support.discord.com/hc/en-us/articles/210298617
//
// Whatever would act is escaped, so that every character shows as it is and the runs' styles are the only markup.
// A backslash before punctuation is how Discord itself escapes.
func markdown(t msg.Text) string {
	var b strings.Builder
	for _, r := range joined(t) {
		switch r.Style {
		case msg.Bold:
			b.WriteString("**" + escape(r.Text) + "**")
		case msg.Code:
			b.WriteString("`" + strings.NewReplacer("`", tick, "\n", " ").Replace(r.Text) + "`")
		case msg.Pre:
			b.WriteString("```\n" + strings.ReplaceAll(strings.Trim(r.Text, "\n"), "`", tick) + "\n```")
		default:
			b.WriteString(escape(r.Text))
		}
	}
	return b.String()
}

// tick stands for a backtick in code, where nothing can be escaped.
const tick = "\u02cb"

// joined makes one run of neighbours in the same style, whose marks would run into one another, and drops empty
// runs and characters that cannot be seen.
func joined(t msg.Text) msg.Text {
	var out msg.Text
	for _, r := range t {
		r.Text = strings.Map(visible, strings.ToValidUTF8(r.Text, "\ufffd"))
		switch last := len(out) - 1; {
		case r.Text == "":
		case last >= 0 && out[last].Style == r.Style:
			out[last].Text += r.Text
		default:
			out = append(out, r)
		}
	}
	return out
}

// visible drops control and formatting characters, those that turn the writing direction among them.
func visible(r rune) rune {
	if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
		return -1
	}
	return r
}

// escape puts a backslash before what Discord would take for markup: emphasis, code, spoilers, links, mentions,
// times and emoji anywhere; headings, quotes and lists where a line begins; the colon of a bare URL.
func escape(s string) string {
	var b strings.Builder
	begins, digits := true, false // at the beginning of a line; behind it nothing but digits
	for i, r := range s {
		switch {
		case strings.ContainsRune("\\`*_~|[]<>@", r),
			begins && strings.ContainsRune("#-+", r),
			digits && (r == '.' || r == ')'),
			r == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		digits = (begins || digits) && '0' <= r && r <= '9'
		begins = r == '\n' || begins && r == ' '
	}
	return b.String()
}
