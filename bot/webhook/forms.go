package webhook

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"friendlyfire/bot/msg"
)

// form is what the body of a request looks like.
type form struct {
	body func(m msg.Message, id string, at time.Time) []byte
	fits func(msg.Text) bool
}

// forms are those of the key form.
var forms = map[string]form{
	"":           {document, func(t msg.Text) bool { return len(encode(clean(t).String())) <= maxText }},
	"slack":      {slackBody, slackFits},
	"mattermost": {mattermostBody, mattermostFits},
	"teams":      {teamsBody, teamsFits},
}

// encode returns JSON without a line end, in which an angle bracket is one byte, and not six.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings, numbers and slices always can be encoded
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// clean is a text without control and formatting characters, and without runs that are empty.
func clean(t msg.Text) (out msg.Text) {
	for _, r := range t {
		r.Text = strings.Map(visible, strings.ToValidUTF8(r.Text, "\ufffd"))
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

func visible(r rune) rune {
	if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
		return -1
	}
	return r
}
