package telegram

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"friendlyfire/bot/msg"
)

// Limits of a message. https://core.telegram.org/bots/api#sendmessage, #sendphoto, #inlinekeyboardbutton
const (
	maxText     = 4096 // UTF-16 units
	maxCaption  = 1024 // UTF-16 units
	maxEntities = 100  // Telegram drops the rest
	maxButton   = 64   // bytes of callback data
)

// entity is a stretch of text in one style, in UTF-16 units. https://core.telegram.org/bots/api#messageentity
type entity struct {
	Type   msg.Style `json:"type"` // Telegram's names are package msg's
	Offset int       `json:"offset"`
	Length int       `json:"length"`
}

// compose returns the text, its entities, and its length in UTF-16 units. Styles are entities and not markup, so that
// no text can become formatting. Within Code and Pre, Telegram finds no links or mentions either.
func compose(t msg.Text) (text string, entities []entity, length int) {
	var b strings.Builder
	for _, run := range t {
		clean := printable(run.Text)
		units := 0
		for _, r := range clean {
			units += utf16.RuneLen(r)
		}
		if run.Style != msg.Plain && units > 0 && len(entities) < maxEntities {
			entities = append(entities, entity{run.Style, length, units})
		}
		b.WriteString(clean)
		length += units
	}
	return b.String(), entities, length
}

// printable drops control characters other than newline and tab, and characters that change the writing direction.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// Fits reports whether the text has at most 4,096 UTF-16 units, or 1,024 as a photo's caption.
func (c *Client) Fits(m msg.Message) bool {
	_, _, length := compose(m.Text)
	if m.Photo != nil {
		return length <= maxCaption
	}
	return length <= maxText
}

type button struct {
	Text string `json:"text"`
	Data string `json:"callback_data"`
}

// keyboard returns the inline keyboard as JSON, "" without buttons. A button that Telegram would refuse is left out, so
// that it does not cost the message.
func keyboard(rows [][]msg.Button) string {
	var kept [][]button
	for _, row := range rows {
		var line []button
		for _, b := range row {
			if b.Label != "" && b.Command != "" && len(b.Command) <= maxButton {
				line = append(line, button{printable(b.Label), b.Command})
			}
		}
		if line != nil {
			kept = append(kept, line)
		}
	}
	if kept == nil {
		return ""
	}
	return encode(map[string]any{"inline_keyboard": kept})
}
