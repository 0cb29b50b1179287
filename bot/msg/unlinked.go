package msg

import "strings"

// hairSpace is the narrowest character that is part of no link.
const hairSpace = "\u200a"

// apart takes what looks like a URL apart.
var apart = strings.NewReplacer("://", ":"+hairSpace+"//", "www.", "www"+hairSpace+".", "WWW.", "WWW"+hairSpace+".")

// Unlinked is the text for programs that make links by themselves of what looks like one, in plain text too: no URL in
// foreign text, which is never plain, can be followed by a touch.
func (t Text) Unlinked() Text {
	out := make(Text, len(t))
	for i, r := range t {
		if r.Style != Plain && r.Style != Bold {
			r.Text = apart.Replace(r.Text)
		}
		out[i] = r
	}
	return out
}
