package webhook

import (
	"strings"
	"time"
	"unicode/utf8"

	"friendlyfire/bot/msg"
)

// maxSlack bounds the text, in characters. A section may have 3,000, and for rich text no limit is documented.
// https://docs.slack.dev/reference/block-kit/blocks/section-block/
const maxSlack = 3000

func slackFits(t msg.Text) bool {
	return utf8.RuneCountInString(slackEscape.Replace(t.Visible().String())) <= maxSlack
}

// slackEscape is what text outside of blocks needs: https://docs.slack.dev/messaging/formatting-message-text/#escaping.
// It leaves no <!channel>, <@U…> or <https://…>.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackBody is a message for an incoming webhook of Slack. Its rich text shows every character as it is, so that
// nothing in it is markup, a link or a mention; the text beside it is for notifications.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/
func slackBody(m msg.Message, _ string, _ time.Time) []byte {
	type style struct {
		Bold bool `json:"bold,omitempty"`
		Code bool `json:"code,omitempty"`
	}
	type leaf struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Style *style `json:"style,omitempty"`
	}
	type branch struct {
		Type     string `json:"type"`
		Elements []leaf `json:"elements"`
	}
	type block struct {
		Type     string   `json:"type"`
		Elements []branch `json:"elements"`
	}
	rich := block{Type: "rich_text"}
	add := func(kind string, l leaf) {
		if n := len(rich.Elements); kind == "rich_text_section" && n > 0 && rich.Elements[n-1].Type == kind {
			rich.Elements[n-1].Elements = append(rich.Elements[n-1].Elements, l)
			return
		}
		rich.Elements = append(rich.Elements, branch{kind, []leaf{l}})
	}
	text := m.Text.Visible()
	for _, r := range text {
		switch r.Style {
		case msg.Pre:
			add("rich_text_preformatted", leaf{Type: "text", Text: strings.Trim(r.Text, "\n")})
		case msg.Bold:
			add("rich_text_section", leaf{"text", r.Text, &style{Bold: true}})
		case msg.Code:
			add("rich_text_section", leaf{"text", r.Text, &style{Code: true}})
		default:
			add("rich_text_section", leaf{"text", r.Text, nil})
		}
	}
	return encode(map[string]any{
		"text": slackEscape.Replace(text.String()), "blocks": []block{rich}, "unfurl_links": false, "unfurl_media": false,
	})
}
