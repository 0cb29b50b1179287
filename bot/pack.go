package bot

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// crowd is how many notices must be waiting for alerts to be sent in brief: a group takes twenty messages a minute, and
// thousands of alerts in full would take hours.
const crowd = 40

// pack puts the first notice that is due, and those behind it that fit, into one message.
// Room for the note that it may be a repeat is kept in every one. A message that may have arrived is made of the same notices again, under the same nonce.
func (d *Deliverer) pack(ctx context.Context, due []store.Notice) ([]store.Notice, msg.Message) {
	again := due[0].Nonce != ""
	pack, m := d.compose(ctx, due, !again && len(due) > crowd)
	if again && !d.Sender.Fits(m) { // it was in brief
		pack, m = d.compose(ctx, due, true)
	}
	return pack, m
}

func (d *Deliverer) compose(ctx context.Context, due []store.Notice, brief bool) ([]store.Notice, msg.Message) {
	first := due[0]
	m := msg.Message{Nonce: first.Nonce}
	if m.Nonce == "" {
		m.Nonce = rand.Text()[:20]
	}
	var pack []store.Notice
	for _, n := range due {
		if len(pack) > 0 && (n.Nonce != first.Nonce || n.MaybeSent != first.MaybeSent || n.Alone || first.Alone) {
			continue
		}
		var body Body
		if err := json.Unmarshal([]byte(n.Body), &body); err != nil {
			body = Body{Text: msg.Text{{Text: "a notice that cannot be read: " + n.Key}}}
		}
		if len(pack) > 0 && body.Chart != nil {
			continue
		}
		if brief && body.Brief != nil {
			body.Text = body.Brief
		}
		longer := m
		switch {
		case len(pack) > 0:
			longer.Text = append(append(msg.Text{}, m.Text...), append(msg.Text{{Text: "\n\n"}}, body.Text...)...)
		case n.MaybeSent:
			longer = msg.Message{Nonce: m.Nonce, Text: body.Text}.AsRepeat()
		default:
			longer.Text = body.Text
		}
		if len(pack) > 0 && first.Nonce == "" && !d.Sender.Fits(longer.AsRepeat()) {
			break
		}
		pack, m = append(pack, n), longer
		if body.Chart != nil {
			if n.Uploads > 0 {
				m.Photo = d.draw(ctx, *body.Chart)
			}
			if !d.Sender.Fits(m) {
				m.Photo = nil // a caption is shorter than a text may be
			}
			break
		}
	}
	return pack, m
}

// draw returns the picture, or nil if that fails: better words without a picture than no words.
func (d *Deliverer) draw(ctx context.Context, c Chart) []byte {
	png, err := d.Draw(ctx, c)
	if err != nil {
		d.Log.Error("chart not drawn", "error", err)
	}
	return png
}
