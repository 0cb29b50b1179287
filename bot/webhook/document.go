package webhook

import (
	_ "embed"
	"strings"
	"time"

	"friendlyfire/bot/msg"
)

// maxText bounds the text of a document, in bytes as it is encoded: Standard Webhooks recommends 20 kB in all.
const maxText = 16_000

// Schema describes the document as JSON Schema.
//
//go:embed schema.json
var Schema []byte

// documentBody is the document that schema.json describes.
type documentBody struct {
	ID        string        `json:"id"`
	Timestamp string        `json:"timestamp"`
	Kind      msg.Kind      `json:"kind"`
	Text      string        `json:"text"`
	Silent    bool          `json:"silent"`
	Repeat    bool          `json:"repeat"`
	Bans      []documentBan `json:"bans,omitempty"`
	Command   string        `json:"command,omitempty"`
	Chart     []byte        `json:"chart,omitempty"` // base64
}

type documentBan struct {
	Address string `json:"address"`
	Jail    string `json:"jail"`
	Server  string `json:"server"`
	Time    string `json:"time"`
	Seconds *int64 `json:"seconds,omitempty"`
	Country string `json:"country"`
	Friend  string `json:"friend"`
	Verdict string `json:"verdict"`
}

// document is the body in the form "".
func document(m msg.Message, id string, at time.Time) []byte {
	d := documentBody{
		ID: id, Timestamp: at.UTC().Format(time.RFC3339), Kind: m.Kind, Text: strings.TrimSpace(m.Text.Visible().String()),
		Silent: m.Silent, Repeat: m.Repeat, Command: m.Command, Chart: m.Photo,
	}
	if d.Kind == "" {
		d.Kind = msg.News
	}
	for _, b := range m.Bans {
		ban := documentBan{
			Address: b.Address, Jail: b.Jail, Server: b.Source, Time: b.Time.UTC().Format(time.RFC3339),
			Country: b.Country, Friend: b.Friend, Verdict: b.Verdict,
		}
		if b.Duration != 0 {
			seconds := max(int64(b.Duration/time.Second), -1)
			ban.Seconds = &seconds
		}
		d.Bans = append(d.Bans, ban)
	}
	return encode(d)
}
