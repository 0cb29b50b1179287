package msg

import (
	"strings"
	"unicode"
)

// Visible is the text without characters that cannot be seen, such as those that change the writing direction, and with
// adjacent runs of the same style joined, whose markup would run together. No run of it is empty.
func (t Text) Visible() (out Text) {
	for _, r := range t {
		r.Text = strings.Map(Visible, strings.ToValidUTF8(r.Text, "\ufffd"))
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

// Visible drops control and formatting characters but for line ends: it is for strings.Map.
func Visible(r rune) rune {
	if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
		return -1
	}
	return r
}
