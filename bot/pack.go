package bot

import (
	"context"
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// looked is how many of the notices that wait for a chat are looked at for a message.
const looked = 200

// compose puts the first notice that is due, and those behind it that fit, into one message. A message that may have
// arrived is made of the same notices again, under the same nonce.
func (d *Deliverer) compose(ctx context.Context, due []store.Notice) ([]store.Notice, msg.Message, error) {
	first := due[0]
	m := msg.Message{Nonce: first.Nonce, Silent: true}
	if m.Nonce == "" {
		m.Nonce = rand.Text()[:20]
	}
	parcels, err := d.parcels(ctx, due, looked)
	if err != nil {
		return nil, m, err
	}
	var pack []store.Notice
	for _, p := range parcels {
		n := p.notices[0]
		if len(pack) > 0 && (n.Nonce != first.Nonce || n.MaybeSent != first.MaybeSent || n.Alone || first.Alone) {
			continue
		}
		if len(pack) > 0 && p.body.Chart != nil {
			continue
		}
		longer := m
		longer.Silent = m.Silent && p.body.Silent
		note := p.dated(d.Words, time.Now())
		longer.Text = p.text(d.Words, func(t msg.Text) bool {
			return len(pack) > 0 || d.Sender.Fits(msg.Message{Text: t.Noted(note)}.AsRepeat())
		}).Noted(note)
		if d.Deaf {
			longer.Text = withoutCommands(longer.Text)
		}
		p.addFacts(&longer, d.Words, len(pack) == 0)
		if len(pack) > 0 {
			longer.Text = slices.Concat(m.Text, msg.Text{{Text: "\n\n"}}, longer.Text)
		}
		if len(pack) > 0 && first.Nonce == "" && !d.Sender.Fits(longer.AsRepeat()) {
			break
		}
		pack, m = append(pack, p.notices...), longer
		if p.body.Chart != nil {
			if n.Uploads > 0 {
				m.Photo, m.Fallback = d.draw(ctx, *p.body.Chart)
			}
			if !d.Sender.Fits(m) {
				m.Photo, m.Fallback = nil, "" // a caption is shorter than a text may be
			}
			break
		}
	}
	m.Buttons = d.buttons(ctx, parcels[0], len(pack))
	if first.MaybeSent {
		m = m.AsRepeat()
	}
	m.Follows, err = d.follows(ctx, first)
	return pack, m, err
}

// follows is the nonce of the alert to which a notice adds; "": it adds to none.
func (d *Deliverer) follows(ctx context.Context, n store.Notice) (nonce string, err error) {
	ban, adds := strings.CutPrefix(n.Key, additions)
	if !adds {
		return "", nil
	}
	return d.Store.NonceOf(ctx, alerts+ban, d.Chat)
}

// buttons are those below a message of so many notices: of several alerts that are no storm, nobody would know whose
// button it is.
func (d *Deliverer) buttons(ctx context.Context, first *parcel, notices int) [][]msg.Button {
	switch ban := first.body.Ban; {
	case first.storm != nil && d.Acting != nil && notices == len(first.notices):
		of := store.Ban{Source: first.storm[0].Source, Jail: first.storm[0].Jail, Address: netip.IPv6Unspecified().String()}
		if d.Acting.able(of) {
			return banButton("Unban all", askAct+" "+storm, first.storm[0].ID)
		}
	case ban != nil && notices == 1:
		buttons, err := d.Acting.Buttons(ctx, ban.ID)
		if err != nil { // the alert is worth more than its buttons
			d.Log.Error("buttons of an alert", "error", err)
		}
		return buttons
	}
	return nil
}

// draw returns the picture and what stands for it in words, or nothing if that fails: better words without a picture
// than no words.
func (d *Deliverer) draw(ctx context.Context, c Chart) (photo []byte, fallback string) {
	picture, err := d.Draw(ctx, c)
	if err == nil {
		photo, err = picture.PNG()
	}
	if err != nil {
		d.Log.Error("chart not drawn", "error", err)
		return nil, ""
	}
	return photo, picture.Text(phone)
}
