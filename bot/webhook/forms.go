package webhook

import (
	"bytes"
	"encoding/json"
	"time"

	"friendlyfire/bot/msg"
)

// form is what the body of a request looks like.
type form struct {
	body func(m msg.Message, id string, at time.Time) []byte
	fits func(msg.Text) bool
}

// forms are those of the key form.
var forms = map[string]form{
	"":           {document, func(t msg.Text) bool { return len(encode(t.Visible().String())) <= maxText }},
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
