package bot

import (
	"context"
	"crypto/rand"
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
	var told []Told
	unseen := 0
	for _, p := range parcels {
		n := p.notices[0]
		if len(pack) > 0 && !together(first, n, p.body) {
			continue
		}
		longer := m
		rings, err := d.rings(ctx, p)
		if err != nil {
			return nil, m, err
		}
		longer.Silent = m.Silent && !rings
		if longer.Text, err = d.textOf(ctx, p, len(pack) == 0); err != nil {
			return nil, m, err
		}
		p.addFacts(&longer, d.Words, len(pack) == 0)
		if len(pack) > 0 {
			longer.Text = slices.Concat(m.Text, msg.Text{{Text: "\n\n"}}, longer.Text)
		}
		if len(pack) > 0 && first.Nonce == "" && !d.Sender.Fits(longer.AsRepeat()) {
			break
		}
		pack, m, told, unseen = append(pack, p.notices...), longer, append(told, p.told()...), unseen+p.more
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
	m.Buttons = d.buttons(ctx, told, unseen, len(pack))
	if len(pack) == len(parcels[0].notices) && m.Buttons == nil {
		m.Buttons = parcels[0].body.Buttons
	}
	if m.Photo != nil {
		m.Buttons = withoutPicture(m.Buttons)
	}
	if first.MaybeSent {
		m = m.AsRepeat()
	}
	m.Follows, err = d.follows(ctx, first)
	return pack, m, err
}

// textOf is what the parcel says here. One that is the first of its message leaves out what has no room.
func (d *Deliverer) textOf(ctx context.Context, p *parcel, first bool) (t msg.Text, err error) {
	if p.button, err = d.hasButton(ctx, p); err != nil {
		return nil, err
	}
	note := p.dated(d.Words, time.Now())
	t = p.text(d.Words, func(t msg.Text) bool {
		return !first || d.Sender.Fits(msg.Message{Text: t.Noted(note)}.AsRepeat())
	}).Noted(note)
	if d.Deaf {
		t = withoutCommands(t)
	}
	return t, nil
}

// follows is the nonce of the alert to which a notice adds; "": it adds to none.
func (d *Deliverer) follows(ctx context.Context, n store.Notice) (nonce string, err error) {
	ban, adds := strings.CutPrefix(n.Key, additions)
	if !adds {
		return "", nil
	}
	return d.Store.NonceOf(ctx, alerts+ban, d.Chat)
}

// together reports whether a notice may be in the message of the first.
func together(first, n store.Notice, b Body) bool {
	return n.Nonce == first.Nonce && n.MaybeSent == first.MaybeSent && !n.Alone && !first.Alone && b.Chart == nil
}

// buttons are those below a message of so many notices, which tells of these bans, and of so many others that nobody
// has looked at. Of several alerts nobody would know whose button it is: there are some for all.
func (d *Deliverer) buttons(ctx context.Context, told []Told, unseen, notices int) (buttons [][]msg.Button) {
	var err error
	switch {
	case len(told) == 1 && notices == 1:
		buttons, err = d.Acting.Buttons(ctx, told[0].ID, told[0].name())
	case len(told) > 0:
		buttons, err = d.Acting.buttonsOfAll(ctx, told, unseen)
	}
	if err != nil { // the alerts are worth more than their buttons
		d.Log.Error("buttons of an alert", "error", err)
	}
	return buttons
}

// hasButton reports whether bans of the parcel can be lifted by a button. The platforms that show buttons are those
// that can change a message when one is pressed.
func (d *Deliverer) hasButton(ctx context.Context, p *parcel) (bool, error) {
	if _, shown := d.Sender.(msg.Editor); !shown || d.Acting == nil {
		return false, nil
	}
	for _, one := range p.told() {
		if _, open, err := d.Acting.liftable(ctx, one.ID); open || err != nil {
			return open, err
		}
	}
	return false, nil
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
