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
	maxEntities = 100  // Telegram loses those that follow
	maxButton   = 64   // bytes of callback data
)

// entity is a stretch of text in one style, in UTF-16 units. https://core.telegram.org/bots/api#messageentity
type entity struct {
	Type   msg.Style `json:"type"` // Telegram's names are package msg's
	Offset int       `json:"offset"`
	Length int       `json:"length"`
}

// compose returns the text as Telegram wants it, its entities, and its length in UTF-16 units. There is no markup
// in it: nothing that a run says can become a format. Within Code and Pre, Telegram finds no links or mentions either.
func compose(t msg.Text) (text string, entities []entity, length int) {
	var b strings.Builder
	for _, run := range t {
		said := printable(run.Text)
		units := 0
		for _, r := range said {
			units += utf16.RuneLen(r)
		}
		if run.Style != msg.Plain && units > 0 && len(entities) < maxEntities {
			entities = append(entities, entity{run.Style, length, units})
		}
		b.WriteString(said)
		length += units
	}
	return b.String(), entities, length
}

// printable drops what is no text: control characters but newline and tab, and what turns the direction of writing.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// Fits reports whether the text is no longer than 4,096 UTF-16 units, or 1,024 under a photo.
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

// keyboard is the inline keyboard, "" without buttons. A button that Telegram would refuse is left out: it must not cost
// the message.
func keyboard(rows [][]msg.Button) string {
	var made [][]button
	for _, row := range rows {
		var kept []button
		for _, b := range row {
			if b.Label != "" && b.Command != "" && len(b.Command) <= maxButton {
				kept = append(kept, button{printable(b.Label), b.Command})
			}
		}
		if kept != nil {
			made = append(made, kept)
		}
	}
	if made == nil {
		return ""
	}
	return encode(map[string]any{"inline_keyboard": made})
}
