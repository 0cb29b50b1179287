package ntfy

import (
	"bytes"
	"encoding/json"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

const (
	// maxMessage bounds the text, in bytes. The documented limit is 4,096, and what reaches it becomes an attachment:
	// https://docs.ntfy.sh/publish/#limitations, and util/peek.go of https://github.com/binwiederhier/ntfy
	maxMessage = 4095
	maxTitle   = 250      // bytes; no limit is documented
	maxBody    = 2 * 4096 // bytes of a request
	maxCopied  = 1000     // bytes of a command that a button copies
	maxBeside  = 1500     // bytes of a body that are not its text
)

// notification is a message in the form of https://docs.ntfy.sh/publish/#publish-as-json.
type notification struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title,omitempty"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags,omitempty"`
	Actions  []action `json:"actions,omitempty"`

	// Sequence is the same for a repeat, which then takes the place of the first on a phone, since ntfy 2.16:
	// https://docs.ntfy.sh/publish/#updating-deleting-notifications
	Sequence string `json:"sequence_id,omitempty"`
}

// action is a button: https://docs.ntfy.sh/publish/#action-buttons. The one that copies is known since ntfy 2.17.
type action struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	Value  string `json:"value"`
}

// Priorities: https://docs.ntfy.sh/publish/#message-priority
const (
	low, usual, high = 2, 3, 4
)

// newNotification makes the notification of a message. Its title is the first line, without the flag that a tag shows;
// none where the server would decode it, as it does with all but the text.
func newNotification(topic string, m msg.Message) notification {
	n := notification{Topic: topic, Message: plain(m.Text), Priority: usual, Sequence: m.Nonce}
	switch {
	case m.Silent:
		n.Priority = low
	case m.Kind == msg.Alert:
		n.Priority = high
	}
	n.Tags = flags(m.Bans)
	if title, rest, more := strings.Cut(n.Message, "\n"); more && len(title) <= maxTitle && !looksEncoded(title) {
		n.Title, n.Message = title, rest
	}
	if len(m.Bans) > 0 && len(n.Tags) == 1 {
		flag := store.Country(m.Bans[0].Country).Flag() + " "
		n.Title = strings.TrimPrefix(n.Title, flag)
		if n.Title == "" {
			n.Message = strings.TrimPrefix(n.Message, flag)
		}
	}
	if m.Command != "" && len(m.Command) <= maxCopied {
		n.Actions = []action{{"copy", "Copy the command", m.Command}}
	}
	return n
}

// Fits reports whether m is a message for ntfy, and no attachment. Bytes count, not characters.
func (c *client) Fits(m msg.Message) bool {
	text := plain(m.Text)
	return len(text) <= maxMessage && len(encode(text)) <= maxBody-maxBeside
}

// encode returns JSON in which an angle bracket is one byte, and not six.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings and numbers always can be encoded
	}
	return b.Bytes()
}

// plain is the text without its styles: ntfy has none but Markdown, which foreign text could use. The apps make links
// of URLs.
func plain(t msg.Text) string {
	var b strings.Builder
	for i, r := range t.Unlinked() {
		if r.Style == msg.Pre && i > 0 && !strings.HasSuffix(b.String(), "\n") {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Map(msg.Visible, strings.ToValidUTF8(r.Text, "\ufffd")))
	}
	return strings.TrimSpace(b.String())
}
