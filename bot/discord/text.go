package discord

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"friendlyfire/bot/msg"
)

// maxContent bounds the text of a message, in UTF-16 units. Discord counts characters, which are never more.
const maxContent = 2000

// Fits reports whether m's text fits into one message, with its markup and escapes.
func (c *Client) Fits(m msg.Message) bool {
	return len(utf16.Encode([]rune(markdown(m.Text)))) <= maxContent
}

// markdown returns text in Discord's markup: https://support.discord.com/hc/en-us/articles/210298617
//
// The text itself is escaped, so that every character shows as it is and the runs' styles are the only markup.
// Discord's escape is a backslash before punctuation.
func markdown(t msg.Text) string {
	var b strings.Builder
	last := msg.Plain
	for _, r := range t.Visible() {
		if quote := r.Style == msg.Quote; quote && !atLineStart(b.String()) || last == msg.Quote && r.Text[0] != '\n' {
			b.WriteByte('\n')
		}
		if last == msg.Code && r.Style == msg.Pre || last == msg.Pre && r.Style == msg.Code {
			b.WriteByte('\n') // their backticks would run together
		}
		last = r.Style
		switch r.Style {
		case msg.Bold:
			b.WriteString("**" + escape(r.Text) + "**")
		case msg.Code:
			b.WriteString("`" + strings.NewReplacer("`", tickLookalike, "\n", " ").Replace(r.Text) + "`")
		case msg.Quote:
			b.WriteString(subtext(r.Text))
		case msg.Pre:
			b.WriteString("```\n" + strings.ReplaceAll(strings.Trim(r.Text, "\n"), "`", tickLookalike) + "\n```")
		default:
			b.WriteString(escape(r.Text))
		}
	}
	return b.String()
}

func atLineStart(s string) bool { return s == "" || strings.HasSuffix(s, "\n") }

// subtext returns lines in small grey letters: https://support.discord.com/hc/en-us/articles/210298617. They are code,
// too, so that nothing in them is markup, and a search finds them as they are.
func subtext(lines string) string {
	all := strings.Split(strings.Trim(strings.ReplaceAll(lines, "`", tickLookalike), "\n"), "\n")
	for i, line := range all {
		if line != "" {
			all[i] = "-# `" + line + "`"
		}
	}
	return strings.Join(all, "\n")
}

// tickLookalike replaces a backtick in code, where nothing can be escaped.
const tickLookalike = "\u02cb"

// escape puts a backslash before what Discord would treat as markup: emphasis, code, spoilers, links, mentions, times,
// commands and emoji anywhere; headings, quotes and lists at the beginning of a line; the colon of a bare URL; the dot
// of a domain, since an invitation (discord.gg/…) is one without a scheme.
func escape(s string) string {
	var b strings.Builder
	lineStart, numbering := true, false // at the beginning of a line; after nothing but digits there
	before := ' '
	for i, r := range s {
		switch {
		case strings.ContainsRune("\\`*_~|[]<>@", r),
			lineStart && strings.ContainsRune("#-+", r),
			numbering && (r == '.' || r == ')'),
			r == ':' && (strings.HasPrefix(s[i:], "://") || emoji.MatchString(s[i:])),
			r == '.' && !unicode.IsSpace(before) && beginsWithLetter(s[i+1:]):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		numbering = (lineStart || numbering) && '0' <= r && r <= '9'
		lineStart = r == '\n' || lineStart && r == ' '
		before = r
	}
	return b.String()
}

// emoji matches the name of an emoji, ":fire:", but not the minutes of 08:15:32.
var emoji = regexp.MustCompile(`^:(?:[0-9]*[A-Za-z_+-][0-9A-Za-z_+-]*|[0-9]{3,}):`)

func beginsWithLetter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}
