package webhook

import (
	"strings"
	"time"

	"friendlyfire/bot/msg"
)

// maxTeams bounds the body, in bytes. 28 KB is the documented limit, and in practice it is about 21.
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
const maxTeams = 20_000

func teamsFits(t msg.Text) bool {
	return len(teamsBody(msg.Message{Text: t}, "", time.Time{})) <= maxTeams
}

// teamsBody is a message for a webhook of the Workflows of Teams: an adaptive card, with a block of rich text for each
// line. In its runs, unlike in a TextBlock, nothing is Markdown, and a mention would need an entity.
// https://adaptivecards.io/explorer/RichTextBlock.html
func teamsBody(m msg.Message, _ string, _ time.Time) []byte {
	type run struct {
		Type   string `json:"type"`
		Text   string `json:"text"`
		Weight string `json:"weight,omitempty"`
		Font   string `json:"fontType,omitempty"`
	}
	type block struct {
		Type    string `json:"type"`
		Inlines []run  `json:"inlines"`
		Spacing string `json:"spacing"`
	}
	lines := []block{{Type: "RichTextBlock", Spacing: "None"}}
	for _, r := range m.Text.Visible() {
		for i, part := range strings.Split(r.Text, "\n") {
			if i > 0 {
				lines = append(lines, block{Type: "RichTextBlock", Spacing: "None"})
			}
			if part == "" {
				continue
			}
			one := run{Type: "TextRun", Text: part}
			switch r.Style {
			case msg.Bold:
				one.Weight = "Bolder"
			case msg.Code, msg.Pre:
				one.Font = "Monospace"
			}
			last := &lines[len(lines)-1]
			last.Inlines = append(last.Inlines, one)
		}
	}
	for i := range lines {
		if lines[i].Inlines == nil { // an empty line: a block must hold something
			lines[i].Inlines = []run{{Type: "TextRun", Text: " "}}
		}
	}
	return encode(map[string]any{
		"type": "message",
		"attachments": []map[string]any{{
			"contentType": "application/vnd.microsoft.card.adaptive",
			"content": map[string]any{
				"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.2", "body": lines,
			},
		}},
	})
}
