package bot

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Body is what a notice says, in the form that the outbox keeps.
type Body struct {
	Text  msg.Text `json:"text"`
	Brief msg.Text `json:"brief,omitempty"` // takes the place of Text where a crowd waits
	Chart *Chart   `json:"chart,omitempty"` // drawn when the notice is sent
}

// repeatNote begins a message that may have been sent before.
var repeatNote = msg.Run{Text: "(may repeat) ", Style: msg.Plain}

// Deliverer empties the outbox of one chat, oldest notice first, several in a message where they fit.
//
// An attempt is recorded before the request, its outcome after it. A message whose fate is unknown, after a crash or a
// lost answer, is sent again and says that it may be a repeat.
type Deliverer struct {
	Store  *store.Store
	Sender msg.Sender
	Chat   store.Chat
	Draw   func(context.Context, Chart) ([]byte, error) // PNG
	Again  func(time.Duration)                          // called when a Step is due after that time
	Log    *slog.Logger

	vain time.Time // of the latest attempt, if it was in vain; zero: it was not
}

// Step sends what is due. It returns when nothing more is due, or when an attempt has failed: the store then knows when
// the next one may be made.
func (d *Deliverer) Step(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := d.Store.Due(ctx, d.Chat, time.Now(), 200)
		if err != nil {
			return fmt.Errorf("deliver to %s: %w", d.Chat, err)
		}
		if len(due) == 0 {
			return d.later(ctx)
		}
		arrived, err := d.deliver(ctx, due)
		if err == nil {
			err = d.giveUp(ctx, arrived)
		}
		if err != nil {
			return fmt.Errorf("deliver to %s: %w", d.Chat, err)
		}
		if !arrived {
			return d.later(ctx)
		}
	}
	return nil
}

// later asks for a Step at the time when the chat may be tried again, if anything is waiting.
func (d *Deliverer) later(ctx context.Context) error {
	status, err := d.Store.ChatStatus(ctx, d.Chat)
	if err != nil {
		return fmt.Errorf("deliver to %s: %w", d.Chat, err)
	}
	if pause := time.Until(status.BlockedUntil); status.Waiting > 0 && pause > 0 {
		d.Again(pause)
	}
	return nil
}

// deliver makes one attempt to send one message. It reports whether the next may follow; an error is the store's.
func (d *Deliverer) deliver(ctx context.Context, due []store.Notice) (goOn bool, err error) {
	pack, message := d.pack(ctx, due)
	ids := make([]int64, len(pack))
	for i, n := range pack {
		ids[i] = n.ID
	}
	status, err := d.Store.ChatStatus(ctx, d.Chat)
	if err != nil {
		return false, err
	}
	// The outcome is kept even if the program is about to stop.
	kept := context.WithoutCancel(ctx)
	claimed, err := d.Store.Claim(kept, message.Nonce, time.Now(), ids...)
	if err != nil || len(claimed) != len(ids) {
		return false, err
	}
	begun := time.Now()
	failure := d.Sender.Send(ctx, status.Destination(), message)
	if unsent, ok := errors.AsType[*msg.NotSentError](failure); ok && ctx.Err() != nil {
		// The stop is to blame, not the chat.
		return false, d.Store.RecordOutcome(kept, store.NotSent, time.Now(), unsent.Error(), ids...)
	}
	return d.recordOutcome(kept, ids, status, begun, failure)
}

// recordOutcome records how the attempt that began at begun has ended.
func (d *Deliverer) recordOutcome(
	ctx context.Context, ids []int64, status store.ChatStatus, begun time.Time, failure error,
) (goOn bool, err error) {
	now := time.Now()
	if failure == nil {
		return true, errors.Join(
			d.Store.RecordOutcome(ctx, store.Sent, now, "", ids...),
			d.Store.Arrived(ctx, d.Chat, now))
	}
	d.Log.Warn("not delivered", "chat", d.Chat.String(), "notices", len(ids), "error", failure)
	if rejected, ok := errors.AsType[*msg.RejectedError](failure); ok {
		outcome := store.Refused
		if len(ids) > 1 {
			outcome = store.Separately
		}
		return true, d.Store.RecordOutcome(ctx, outcome, now, rejected.Reason, ids...)
	}
	if moved, ok := errors.AsType[*msg.MovedError](failure); ok {
		told := Body{Text: msg.Text{
			{Text: "This chat has a new number, "},
			{Text: moved.To, Style: msg.Code},
			{Text: ". I write and listen here as before; put it in place of "},
			{Text: d.Chat.ID, Style: msg.Code},
			{Text: " in my configuration when you can."},
		}}
		_, err := d.Store.Post(ctx, notices([]store.Chat{d.Chat}, "moved/"+moved.To, told, now)...)
		return true, errors.Join(err,
			d.Store.Move(ctx, d.Chat, moved.To),
			d.Store.RecordOutcome(ctx, store.NotSent, now, failure.Error(), ids...))
	}
	if limit, ok := errors.AsType[*msg.RetryAfterError](failure); ok {
		blocked := d.Chat
		if limit.Scope == msg.WholePlatform {
			blocked.ID = ""
		}
		return false, errors.Join(
			d.Store.Block(ctx, blocked, now.Add(limit.After)),
			d.Store.RecordOutcome(ctx, store.NotSent, now, failure.Error(), ids...))
	}
	outcome, pause := store.Unclear, max(backoff(status.Failures)-now.Sub(begun), time.Second)
	if unsent, ok := errors.AsType[*msg.NotSentError](failure); ok {
		outcome, pause = store.NotSent, max(pause, unsent.After)
	}
	return false, errors.Join(
		d.Store.Failed(ctx, d.Chat, now, now.Add(pause), failure.Error()),
		d.Store.RecordOutcome(ctx, outcome, now, failure.Error(), ids...))
}

// backoff is the time from one attempt to the next after that many failures before this one: 1 s, doubling up to 20 s.
// However long an attempt takes to fail, a platform that is back is found within half a minute.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(failures, 10), 20*time.Second)
}

// crowd is how many notices must be waiting for alerts to be sent in brief: a group takes twenty messages a minute, and
// thousands of alerts in full would take hours.
const crowd = 40

// pack puts the first notice that is due, and those behind it that fit, into one message.
// A message that may have arrived is made of the same notices again, under the same nonce.
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
			longer = withRepeatNote(msg.Message{Nonce: m.Nonce, Text: body.Text})
		default:
			longer.Text = body.Text
		}
		if len(pack) > 0 && first.Nonce == "" && !d.Sender.Fits(withRepeatNote(longer)) {
			break
		}
		pack, m = append(pack, n), longer
		if body.Chart != nil {
			if m.Photo = d.draw(ctx, *body.Chart); !d.Sender.Fits(m) {
				m.Photo = nil // a caption is shorter than a text may be
			}
			break
		}
	}
	return pack, m
}

// withRepeatNote is m with the note that it may have been sent before. Room for the note is kept in every pack.
func withRepeatNote(m msg.Message) msg.Message {
	m.Text = append(msg.Text{repeatNote}, m.Text...)
	return m
}

// draw returns the picture, or nil if that fails: better words without a picture than no words.
func (d *Deliverer) draw(ctx context.Context, c Chart) []byte {
	png, err := d.Draw(ctx, c)
	if err != nil {
		d.Log.Error("chart not drawn", "error", err)
	}
	return png
}
