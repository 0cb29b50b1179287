package bot

import (
	"context"
	"errors"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// An edit must never delay an alert, though it counts for the pace of its chat: messages are changed one by one, each
// when nothing has been sent or changed for a while. A change that fails that often is dropped; the message has
// arrived.
const (
	editAfter = 5 * time.Second
	mostEdits = 3
)

// edit changes, in place, the messages whose text is another by now. It returns when none is left, or none may be
// changed yet.
func (d *Deliverer) edit(ctx context.Context) error {
	for ctx.Err() == nil && !d.Pictures && voiceOr(d.Voice).Speaks() {
		revised, err := d.Store.Revised(ctx, d.Chat)
		if err != nil || len(revised) == 0 {
			return err
		}
		status, err := d.Store.ChatStatus(ctx, d.Chat)
		if err != nil {
			return err
		}
		last := d.edited
		if status.SentAt.After(last) {
			last = status.SentAt
		}
		held, err := d.Store.HeldFor(ctx, d.Chat, time.Now())
		if err != nil {
			return err
		}
		pause := min(editAfter-time.Since(last), editAfter) // the clock may have been set back
		pause = max(pause, held, time.Until(d.noEdits))
		if pause > 0 {
			d.Again(pause)
			return nil
		}
		goOn, err := d.editOne(ctx, revised, status)
		if err != nil || !goOn {
			return err
		}
	}
	return nil
}

// editOne makes one attempt to change the message of these notices. It reports whether the next may follow.
func (d *Deliverer) editOne(ctx context.Context, revised []store.Notice, status store.ChatStatus) (goOn bool, err error) {
	kept := context.WithoutCancel(ctx)
	editor, able := d.Sender.(msg.Editor)
	first := revised[0]
	worth := able && first.Message != "" && first.Edits < mostEdits
	if worth && stormy(revised) {
		if worth, err = d.Acting.allLifted(ctx, toldIn(revised)); err != nil {
			return false, err
		}
	}
	if !worth {
		return true, d.Store.Shown(kept, revised...)
	}
	pack, message, err := d.compose(ctx, revised)
	if err != nil {
		return false, err
	}
	if len(pack) < len(revised) { // it would not fit any more
		return true, d.Store.Shown(kept, revised...)
	}
	ids := make([]int64, len(revised))
	for i, n := range revised {
		ids[i] = n.ID
	}
	if err := d.Store.TryEdit(kept, ids...); err != nil {
		return false, err
	}
	voice := voiceOr(d.Voice)
	defer voice.Settled()
	term, done, err := voice.Claim(ctx, ids...)
	if err != nil {
		d.Again(editAfter)
		return false, nil
	}
	defer done()
	failure := editor.Edit(term, status.Destination(), first.Message, message)
	d.edited = time.Now()
	if failure == nil {
		return true, d.Store.Shown(kept, revised...)
	}
	d.Log.Info("message not changed", "chat", d.Chat.String(), "error", failure)
	_, refused := errors.AsType[*msg.RejectedError](failure)
	no, unsent := errors.AsType[*msg.NotSentError](failure)
	if refused || unsent && no.Unknown {
		return true, d.Store.Shown(kept, revised...)
	}
	if limit, ok := errors.AsType[*msg.RetryAfterError](failure); ok {
		held := store.Attempt{Chat: d.Chat, At: time.Now(), Outcome: store.NotSent, Hold: limit.After}
		if limit.Scope == msg.WholePlatform {
			held.Held = store.Chat{Platform: d.Chat.Platform}
		}
		d.Again(limit.After)
		return false, d.Store.RecordAttempt(kept, held)
	}
	pause := editAfter
	if unsent {
		pause = max(pause, no.After)
	}
	d.noEdits = time.Now().Add(pause)
	d.Again(pause)
	return false, nil
}

// stormy reports whether some of the notices were told as one. Neither what whois says of one address is shown there,
// nor what was done about it: it changes when nothing is left to be lifted, and its buttons go.
func stormy(notices []store.Notice) bool {
	counts := map[string]int{}
	for _, n := range notices {
		if counts[n.Topic]++; n.Topic != "" && counts[n.Topic] >= crowd {
			return true
		}
	}
	return false
}

// post posts the message, and returns its id where the platform can change it later; "" elsewhere.
func (d *Deliverer) post(ctx context.Context, chat string, m msg.Message) (id string, err error) {
	if editor, ok := d.Sender.(msg.Editor); ok {
		return editor.Post(ctx, chat, m)
	}
	return "", d.Sender.Send(ctx, chat, m)
}

// followUpFor is how long after an alert an answer of whois is still added to it.
const followUpFor = 24 * time.Hour

// additions begins the keys of the notices that add to an alert; its ban's name follows, as in the alert's own key.
const additions = "whois/"

// followUp adds what whois has said since to alerts that did not wait for it: in place where the platform can, else in
// a line of its own if it differs from what the table says.
func (a *Announcer) followUp(ctx context.Context) error {
	const page = 250
	for {
		bans, err := a.Store.FollowUps(ctx, time.Now().Add(-followUpFor), page)
		if err != nil || len(bans) == 0 {
			return err
		}
		risen, err := a.risenJails(ctx, time.Now())
		if err != nil {
			return err
		}
		var ids []int64
		var revised, others []store.Notice
		for _, g := range bans {
			ids = append(ids, g.ID)
			body, err := a.alertNow(ctx, g, risen)
			if err != nil {
				return err
			}
			revised = append(revised, a.post(alertKey(g), body)...)
			if text := a.Words.differs(g); text != nil {
				for _, n := range a.post(additions+g.Ref(), Body{Text: text, Silent: true}) {
					if a.InPlace == nil || !a.InPlace(n.Chat) {
						others = append(others, n)
					}
				}
			}
		}
		if err := a.Store.FollowUp(ctx, ids, revised, others); err != nil {
			return err
		}
		a.Next()
	}
}

// retell tells alerts anew of which something else is to be said: somebody has acted on their bans, or marked them.
func (a *Announcer) retell(ctx context.Context) error {
	const page = 250
	for {
		bans, err := a.Store.Retold(ctx, page)
		if err != nil || len(bans) == 0 {
			return err
		}
		risen, err := a.risenJails(ctx, time.Now())
		if err != nil {
			return err
		}
		var ids []int64
		var revised []store.Notice
		for _, g := range bans {
			ids = append(ids, g.ID)
			body, err := a.alertNow(ctx, g, risen)
			if err != nil {
				return err
			}
			revised = append(revised, a.post(alertKey(g), body)...)
		}
		if err := a.Store.Retell(ctx, ids, revised); err != nil {
			return err
		}
		a.Next()
	}
}

// alertNow is the alert, and what was done about its ban.
func (a *Announcer) alertNow(ctx context.Context, g store.EnrichedBan, risen map[string]string) (Body, error) {
	acted, err := a.Acting.acted(ctx, &g)
	if err != nil {
		return Body{}, err
	}
	body, err := a.alert(ctx, g, risen)
	body.Text = lines(body.Text, acted)
	return body, err
}
