package webhook

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"friendlyfire/bot/msg"
)

// maxMattermost bounds the text, in characters. Servers take 16,383 or, with an old database, 4,000.
const maxMattermost = 4000

func mattermostFits(t msg.Text) bool {
	return utf8.RuneCountInString(mattermostText(t)) <= maxMattermost
}

// mattermostBody is a message for an incoming webhook of Mattermost:
// https://developers.mattermost.com/integrate/webhooks/incoming/
func mattermostBody(m msg.Message, _ string, _ time.Time) []byte {
	body := map[string]any{"text": mattermostText(m.Text)}
	if m.Kind == msg.Alert {
		body["priority"] = map[string]string{"priority": "important"}
	}
	return encode(body)
}

// mattermostText is the text in Markdown. In code there are no links and no mentions.
func mattermostText(t msg.Text) string {
	var b strings.Builder
	for _, r := range t.Visible() {
		switch r.Style {
		case msg.Bold:
			b.WriteString("**" + escapeMarkdown(r.Text) + "**")
		case msg.Code:
			b.WriteString("`" + inCode.Replace(strings.ReplaceAll(r.Text, "\n", " ")) + "`")
		case msg.Pre:
			b.WriteString("\n```\n" + inCode.Replace(strings.Trim(r.Text, "\n")) + "\n```\n")
		default:
			b.WriteString(escapeMarkdown(r.Text))
		}
	}
	return strings.TrimSpace(b.String())
}

// inCode replaces what could end code, where nothing can be escaped, and what begins a mention or a link of Slack's,
// which the server translates before it looks at the Markdown.
var inCode = strings.NewReplacer("`", "ˋ", "<", "‹")

// What a backslash takes the meaning off in Mattermost, whose browser shows it before any other character:
// https://github.com/mattermost/marked/blob/master/lib/marked.js
const escapable = "*{}[]()+-.!_|"

// What may act even behind a backslash becomes a character that looks like it: mentions, channels, hashtags and emoji
// are found after the escapes are taken off, and <!channel> before.
var lookalike = map[rune]rune{
	'@': '＠', '#': '＃', '~': '～', '<': '‹', '>': '›', '&': '＆', '$': '＄', '=': '＝', '\\': '＼', '`': 'ˋ',
}

// escapeMarkdown makes text show as it is, and nothing more.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for i, r := range s {
		if other, ok := lookalike[r]; ok {
			r = other
		} else if r == ':' && tiesALink(s, i) {
			r = '：'
		} else if strings.ContainsRune(escapable, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// tiesALink reports whether the colon at that place may be part of a URL or of the name of an emoji: something follows
// it at once, and there is a letter before or behind it. A time has none.
func tiesALink(s string, colon int) bool {
	before, after := s[strings.LastIndexAny(s[:colon], " \n")+1:colon], s[colon+1:]
	next, _ := utf8.DecodeRuneInString(after)
	return after != "" && !unicode.IsSpace(next) && (unicode.IsLetter(next) || strings.ContainsFunc(before, unicode.IsLetter))
}
