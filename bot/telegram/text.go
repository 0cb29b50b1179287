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
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// kinds are the types of entities. A quote holds code, so that nothing in it is clickable: code may be part of a quote,
// and of nothing else. https://core.telegram.org/bots/api#formatting-options, and check_is_sorted in
// td/telegram/MessageEntity.cpp of https://github.com/tdlib/td
var kinds = map[msg.Style]string{msg.Bold: "bold", msg.Code: "code", msg.Pre: "pre", msg.Quote: "code"}

const folded = "expandable_blockquote"

// sealed reports whether Telegram looks for nothing in text of the style.
func sealed(s msg.Style) bool { return s == msg.Code || s == msg.Pre || s == msg.Quote }

// compose returns the text, its entities, and its length in UTF-16 units. Styles are entities and not markup, so that
// no text can become formatting. Whatever Telegram might make clickable by itself is set as Code, where it does not.
//
// Where there are too many entities, bold and the fold of a quote are left out first, and what remains is disarmed.
func compose(t msg.Text) (text string, entities []entity, length int) {
	pieces := inert(t)
	room := maxEntities
	for _, p := range pieces {
		if sealed(p.Style) {
			room--
		}
	}
	var b strings.Builder
	disarmed := false // the piece before
	for _, p := range pieces {
		set := p.Style != msg.Plain && len(entities) < maxEntities
		if p.Style == msg.Bold {
			set = set && room > 0
			room--
		}
		open := !sealed(p.Style)
		if disarmed = !set && !open || disarmed && open; disarmed {
			p.Text = disarm(p.Text)
		}
		units := 0
		for _, r := range p.Text {
			units += utf16.RuneLen(r)
		}
		if p.Style == msg.Quote {
			if set && room > 0 {
				entities = append(entities, entity{folded, length, units})
			}
			room--
		}
		if set {
			entities = append(entities, entity{kinds[p.Style], length, units})
		}
		b.WriteString(p.Text)
		length += units
	}
	return b.String(), entities, length
}

// inert returns the text fit to be shown, with what Telegram might make clickable as Code. Neighbours differ in style.
func inert(t msg.Text) msg.Text {
	var whole strings.Builder
	runs := make(msg.Text, len(t))
	for i, run := range t {
		runs[i] = msg.Run{Text: printable(run.Text), Style: run.Style}
		whole.WriteString(runs[i].Text)
	}
	found := actives(whole.String())
	var out msg.Text
	add := func(text string, style msg.Style) {
		switch last := len(out) - 1; {
		case text == "":
		case last >= 0 && out[last].Style == style:
			out[last].Text += text
		default:
			out = append(out, msg.Run{Text: text, Style: style})
		}
	}
	begin := 0 // of the run, in the whole
	for _, run := range runs {
		at, end := begin, begin+len(run.Text)
		for _, f := range found {
			from, to := max(f.from, at), min(f.to, end)
			if from >= to || sealed(run.Style) {
				continue
			}
			add(run.Text[at-begin:from-begin], run.Style)
			add(run.Text[from-begin:to-begin], msg.Code)
			at = to
		}
		add(run.Text[at-begin:], run.Style)
		begin = end
	}
	return out
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
