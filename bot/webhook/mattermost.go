package webhook

import (
	"strings"
	"time"
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

// mattermostText is the text in Markdown. Mattermost looks for mentions after the escapes are taken off, and takes
// <!channel> as Slack does, so that in plain text an at sign is a wide one and an angle bracket a quotation mark. In code
// there are no mentions.
func mattermostText(t msg.Text) string {
	var b strings.Builder
	for _, r := range clean(t) {
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

// inCode replaces what could end code, where nothing can be escaped, and what is a mention before Markdown is looked at.
var inCode = strings.NewReplacer("`", "\u02cb", "<!", "‹!", "<@", "‹@")

// escapeMarkdown puts a backslash before all punctuation: https://spec.commonmark.org/0.31.2/#backslash-escapes
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '@':
			r = '＠'
		case r == '<':
			r = '‹'
		case r == '>':
			r = '›'
		case r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;=?[\\]^_`{|}~", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
