package bot

import (
	"cmp"
	"context"
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
	Chart *Chart   `json:"chart,omitempty"` // drawn when the notice is sent
	Ban   *Told    `json:"ban,omitempty"`   // of an alert: tells it as one of many

	// Buttons are those below a notice that is no alert, where it is a message of its own.
	Buttons [][]msg.Button `json:"buttons,omitempty"`

	// Silent does not ring. What is not an alert and no trouble is silent.
	Silent bool `json:"silent,omitempty"`
}

// Deliverer empties the outbox of one chat, oldest notice first, several in a message where they fit.
//
// A chat has two of them: one for words, and one for pictures, since an upload may fail or hang where words pass. A
// picture waits until no words do, and is uploaded beside those that come meanwhile. When two uploads of a notice have
// failed it is one in words.
//
// An attempt is recorded before the request, its outcome after it. A message whose fate is unknown, after a crash or a
// lost answer, is sent again and says that it may be a repeat.
type Deliverer struct {
	Store    *store.Store
	Words    Words
	Sender   msg.Sender
	Chat     store.Chat
	Pictures bool // it sends the notices with pictures; otherwise the others
	Deaf     bool // no commands are heard there, so that none is proposed
	Draw     func(context.Context, Chart) (Picture, error)
	Voice    Voice               // nil: nobody shares it
	Acting   *Acting             // nil: nobody can act
	Quiet    *Quiet              // when only alerts are sent; nil: never
	Again    func(time.Duration) // called when a Step is due after that time
	Next     func()              // called when the other one may have something to do; nil: nobody
	Log      *slog.Logger

	resumed bool      // the sender knows when the last run has posted
	rest    time.Time // no picture before
	missed  int       // uploads in a row that did not reach the platform
	vain    time.Time // of the latest attempt, if it was in vain; zero: it was not
	doubt   doubt
	edited  time.Time // the latest attempt to change a message
	noEdits time.Time // when the next one may be made, after a refusal
}

// Step sends what is due. It returns when nothing more is due, or when an attempt has failed: the store then knows when
// the next one may be made.
func (d *Deliverer) Step(ctx context.Context) error {
	tried, err := d.send(ctx)
	if tried && d.Next != nil {
		d.Next()
	}
	if err != nil {
		return fmt.Errorf("deliver to %s: %w", d.Chat, err)
	}
	return nil
}

// send sends what is due, and reports whether it has tried to.
func (d *Deliverer) send(ctx context.Context) (tried bool, err error) {
	for ctx.Err() == nil && voiceOr(d.Voice).Speaks() {
		if rest := time.Until(d.rest); rest > 0 {
			d.Again(rest)
			return tried, nil
		}
		due, err := d.due(ctx)
		if err != nil {
			return tried, err
		}
		if len(due) == 0 {
			return tried, errors.Join(d.edit(ctx), d.later(ctx, 0))
		}
		if due = d.doubt.order(due, time.Now()); len(due) == 0 {
			return tried, d.later(ctx, 0)
		}
		arrived, err := d.deliver(ctx, due)
		tried = true
		if err == nil {
			err = d.giveUp(ctx, arrived)
		}
		if err != nil {
			return tried, err
		}
		if !arrived {
			return tried, d.later(ctx, time.Second) // a clock that was set meanwhile may have ended the hold
		}
	}
	return tried, nil
}

func (d *Deliverer) due(ctx context.Context) ([]store.Notice, error) {
	quiet := !d.Quiet.Until(time.Now()).IsZero()
	switch {
	case d.Pictures && quiet: // no alert has one
		return nil, nil
	case d.Pictures:
		return d.Store.DuePicture(ctx, d.Chat, time.Now())
	case quiet:
		return d.Store.Due(ctx, d.Chat, time.Now(), alerts, looked)
	}
	return d.Store.Due(ctx, d.Chat, time.Now(), "", looked)
}

// later asks for a Step at the time when the chat may be tried again, if anything is waiting: after otherwise, if
// nothing holds the chat, and not at all if that is 0.
func (d *Deliverer) later(ctx context.Context, otherwise time.Duration) error {
	status, err := d.Store.ChatStatus(ctx, d.Chat)
	if err != nil || status.Waiting == 0 {
		return err
	}
	pause, err := d.Store.HeldFor(ctx, d.Chat, time.Now())
	if pause = max(pause, time.Until(d.rest)); pause <= 0 {
		pause = cmp.Or(d.doubt.next(time.Now()), otherwise)
	}
	for _, pause := range []time.Duration{pause, time.Until(d.Quiet.Until(time.Now()))} {
		if pause > 0 {
			d.Again(pause)
		}
	}
	return err
}

// deliver makes one attempt to send one message. It reports whether the next may follow; an error is the store's.
func (d *Deliverer) deliver(ctx context.Context, due []store.Notice) (goOn bool, err error) {
	pack, message, err := d.compose(ctx, due)
	if err != nil {
		return false, err
	}
	ids := make([]int64, len(pack))
	for i, n := range pack {
		ids[i] = n.ID
	}
	status, err := d.Store.ChatStatus(ctx, d.Chat)
	if err != nil {
		return false, err
	}
	d.resume(status)
	// The outcome is kept even if the program is about to stop.
	kept := context.WithoutCancel(ctx)
	claimed, err := d.Store.Claim(kept, message.Nonce, time.Now(), ids...)
	if err != nil || len(claimed) != len(ids) {
		return false, err
	}
	voice := voiceOr(d.Voice)
	defer voice.Settled()
	term, done, err := voice.Claim(ctx, ids...)
	if err != nil {
		return false, d.withhold(kept, ids, err)
	}
	defer done()
	begun := time.Now()
	id, failure := d.post(term, status.Destination(), message)
	end := store.Attempt{Chat: d.Chat, IDs: ids, At: time.Now()}
	if failure == nil {
		d.missed = 0
		d.doubt.passed(ids)
		end.Message, end.Shown = id, pack
		return true, d.Store.RecordAttempt(kept, end)
	}
	end.Reason = failure.Error()
	_, unsent := errors.AsType[*msg.NotSentError](failure)
	switch {
	case unsent && term.Err() != nil:
		// The stop is to blame, not the chat.
		end.Outcome, end.NoUpload = store.NotSent, d.Pictures
		return false, d.Store.RecordAttempt(kept, end)
	case term.Err() != nil && ctx.Err() == nil: // another bot speaks by now
		end.Outcome = store.Unclear
		return false, d.Store.RecordAttempt(kept, end)
	}
	goOn, err = d.recordFailure(kept, end, status, begun, failure)
	d.Log.Warn("not delivered", "chat", d.Chat.String(), "notices", len(ids), "error", failure)
	return goOn, err
}

// withhold records that the notices were not sent, since this bot may not speak.
func (d *Deliverer) withhold(ctx context.Context, ids []int64, why error) error {
	d.Log.Info("not sent by this bot", "chat", d.Chat.String(), "notices", len(ids), "reason", why)
	return d.Store.RecordAttempt(ctx, store.Attempt{
		Chat: d.Chat, IDs: ids, At: time.Now(), Outcome: store.NotSent, NoUpload: d.Pictures, Reason: why.Error(),
	})
}

// resume tells the sender once when an earlier run has last posted to the chat.
func (d *Deliverer) resume(status store.ChatStatus) {
	if pace, ok := d.Sender.(msg.Resumer); ok && !d.resumed && !status.TriedAt.IsZero() {
		pace.Resume(status.Destination(), status.TriedAt)
	}
	d.resumed = true
}

// recordFailure records how the attempt that began at begun has failed.
func (d *Deliverer) recordFailure(
	ctx context.Context, end store.Attempt, status store.ChatStatus, begun time.Time, failure error,
) (goOn bool, err error) {
	if limit, ok := errors.AsType[*msg.RetryAfterError](failure); ok {
		end.Outcome, end.Hold, end.NoUpload = store.NotSent, limit.After, d.Pictures
		if limit.Scope == msg.WholePlatform {
			end.Held = store.Chat{Platform: d.Chat.Platform}
		}
		return false, d.Store.RecordAttempt(ctx, end)
	}
	// Whether the text alone is refused too is for words to find out.
	if rejected, ok := errors.AsType[*msg.RejectedError](failure); ok && !d.Pictures {
		end.Reason = rejected.Reason
		return true, d.reject(ctx, end)
	}
	if moved, ok := errors.AsType[*msg.MovedError](failure); ok {
		end.Outcome, end.NoUpload = store.NotSent, d.Pictures
		return true, errors.Join(d.follow(ctx, moved.To, end.At), d.Store.RecordAttempt(ctx, end))
	}
	end.Outcome = store.Unclear
	unsent, certain := errors.AsType[*msg.NotSentError](failure)
	_, refused := errors.AsType[*msg.RejectedError](failure)
	if certain || refused {
		end.Outcome = store.NotSent
	}
	if d.Pictures {
		return false, d.recordUpload(ctx, end, unsent)
	}
	end.Failed, end.Hold = true, max(backoff(status.Failures)-end.At.Sub(begun), time.Second)
	if certain && unsent.Unknown {
		end.Reason = unsent.Reason
		return d.recordDoubt(ctx, end, status)
	}
	if certain {
		end.Hold = max(end.Hold, unsent.After)
	}
	return false, d.Store.RecordAttempt(ctx, end)
}

// uploadPause is the least time between two uploads of a picture: words that come meanwhile are to find the chat's rate
// limit unspent.
const uploadPause = 5 * time.Second

// recordUpload records a failed upload; unsent is nil for an error of another type. It holds back no words, which may
// pass, and is no failure of the chat unless the platform was not reached at all.
func (d *Deliverer) recordUpload(ctx context.Context, end store.Attempt, unsent *msg.NotSentError) error {
	pause := uploadPause
	if unsent != nil && unsent.Unreached {
		end.Failed, end.NoUpload = true, true
		pause = max(backoff(d.missed), unsent.After)
		d.missed++
	} else {
		d.missed = 0
	}
	d.rest = time.Now().Add(pause)
	return d.Store.RecordAttempt(ctx, end)
}

// follow goes on in the chat's new place.
func (d *Deliverer) follow(ctx context.Context, to string, now time.Time) error {
	told := Body{Text: msg.Text{
		{Text: "This chat has a new number, "},
		{Text: to, Style: msg.Code},
		{Text: ". I write and listen here as before; put it in place of "},
		{Text: d.Chat.ID, Style: msg.Code},
		{Text: " in my configuration when you can."},
	}, Silent: true}
	_, err := d.Store.Post(ctx, notices([]store.Chat{d.Chat}, "moved/"+to, told, now)...)
	return errors.Join(err, d.Store.Move(ctx, d.Chat, to))
}

// backoff is the time from one attempt to the next after that many failures before this one: 1 s, doubling up to 20 s.
// However long an attempt takes to fail, a platform that is back is found within half a minute.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(failures, 10), 20*time.Second)
}
