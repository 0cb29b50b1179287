package bot

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// erasable is a platform that only takes notes, and can change them.
type erasable struct {
	*notes
	edits   []string // the id of the message and its text
	last    msg.Message
	refuses []error // to the next edits; then nil
}

func (e *erasable) Post(ctx context.Context, chat string, m msg.Message) (string, error) {
	err := e.Send(ctx, chat, m)
	return string(rune('a' + len(e.sent) - 1)), err
}

func (e *erasable) Edit(_ context.Context, _, id string, m msg.Message) error {
	e.edits, e.last = append(e.edits, id+": "+m.Text.String()), m
	if len(e.refuses) == 0 {
		return nil
	}
	var err error
	err, e.refuses = e.refuses[0], e.refuses[1:]
	return err
}

// inPlace makes the desk's platform one that can change messages.
func (d *desk) inPlace() *erasable {
	e := &erasable{notes: d.sender}
	d.deliverer.Sender = e
	d.announcer.InPlace = func(store.Chat) bool { return true }
	return e
}

// answer is what a registry says about the address.
func (d *desk) answer(address string, country store.Country) {
	d.t.Helper()
	known, err := d.store.Known(d.t.Context(), address)
	if err != nil {
		d.t.Fatal(err)
	}
	addr := netip.MustParseAddr(address)
	around, _ := addr.Prefix(24)
	err = d.store.Answer(d.t.Context(), store.WhoisQuery{ID: known.ID, Addr: addr}, []store.Network{{
		Prefix: around, Country: country, Name: "EXAMPLE-NET", AnsweredAt: time.Now(),
	}})
	if err != nil {
		d.t.Fatal(err)
	}
}

// steps takes a step every second.
func (d *desk) steps(seconds int) {
	d.t.Helper()
	for range seconds {
		d.step()
		time.Sleep(time.Second)
	}
}

func TestR23WhatWhoisSaysLaterChangesTheAlertInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		platform := d.inPlace()
		d.ban("198.51.100.7", "BE")
		d.step()
		before := d.alert("198.51.100.7")
		d.said(before)
		d.answer("198.51.100.7", "NL")
		d.steps(30)
		after := d.alert("198.51.100.7")
		if len(platform.edits) != 1 || platform.edits[0] != "a: "+after || after == before ||
			!strings.Contains(after, "Netherlands") {
			t.Errorf("changed to %q, want to %q once", platform.edits, after)
		}
		d.said(before)
	})
}

func TestWhatWhoisSaysLaterFollowsTheAlertWhereNoneCanBeChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE")
		d.step()
		d.answer("198.51.100.7", "NL")
		d.steps(30)
		if len(d.sender.sent) != 2 {
			t.Fatalf("%d messages, want the alert and what whois says: %q", len(d.sender.sent), d.sender.texts())
		}
		alert, more := d.sender.sent[0], d.sender.sent[1]
		if alert.Follows != "" || alert.Nonce == "" || more.Follows != alert.Nonce || more.Nonce == alert.Nonce {
			t.Errorf("the alert %q follows %q, what whois says %q follows %q", alert.Nonce, alert.Follows, more.Nonce, more.Follows)
		}
	})
}

func TestChangeOfAMessageKeepsTheOtherAlertsInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		platform := d.inPlace()
		d.ban("198.51.100.7", "BE")
		d.ban("203.0.113.8", "BE")
		d.step()
		d.answer("198.51.100.7", "NL")
		d.steps(30)
		want := "a: " + d.alert("198.51.100.7") + "\n\n" + d.alert("203.0.113.8")
		if len(platform.edits) != 1 || platform.edits[0] != want {
			t.Errorf("changed to %q, want to %q once", platform.edits, want)
		}
	})
}

func TestWhatChangesBeforeTheAlertIsSentNeedsNoEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		platform := d.inPlace()
		d.sender.replies = []error{&msg.NotSentError{Reason: "no route"}}
		d.ban("198.51.100.7", "BE")
		d.step()
		d.answer("198.51.100.7", "NL")
		d.steps(30)
		d.said(d.alert("198.51.100.7"))
		if len(platform.edits) > 0 || !strings.Contains(d.sender.texts()[0], "Netherlands") {
			t.Errorf("changed to %q", platform.edits)
		}
	})
}

// The message has arrived: a change that fails is dropped after a few attempts, and holds up nothing.
func TestR01EditsAreDroppedAndDelayNoAlert(t *testing.T) {
	tests := map[string]struct {
		refuses []error
		edits   int
	}{
		"unclear for ever":  {[]error{errors.New("EOF"), errors.New("EOF"), errors.New("EOF"), errors.New("EOF")}, 3},
		"unclear once":      {[]error{errors.New("EOF")}, 2},
		"not sent":          {[]error{&msg.NotSentError{Reason: "no route"}}, 2},
		"message not found": {[]error{&msg.RejectedError{Reason: "not found"}}, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				platform := d.inPlace()
				platform.refuses = tc.refuses
				d.ban("198.51.100.7", "BE")
				d.step()
				d.answer("198.51.100.7", "NL")
				d.steps(7)
				begun := time.Now()
				d.ban("203.0.113.8", "BE")
				d.step()
				d.said("198.51.100.7", "203.0.113.8")
				if !d.sender.tried[1].Equal(begun) {
					t.Errorf("the next alert leaves after %v", d.sender.tried[1].Sub(begun))
				}
				d.steps(600)
				if len(platform.edits) != tc.edits {
					t.Errorf("%d attempts to change the message, want %d", len(platform.edits), tc.edits)
				}
				status, err := d.store.ChatStatus(t.Context(), d.deliverer.Chat)
				if err != nil || status.Failures > 0 || status.Waiting > 0 || status.Dead > 0 {
					t.Errorf("%+v, %v", status, err)
				}
			})
		})
	}
}

func TestR04EditsObeyTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		platform := d.inPlace()
		platform.refuses = []error{&msg.RetryAfterError{After: time.Minute, Scope: msg.ThisChat}}
		d.ban("198.51.100.7", "BE")
		d.step()
		d.answer("198.51.100.7", "NL")
		d.steps(10)
		d.ban("203.0.113.8", "BE")
		d.steps(40)
		d.said("198.51.100.7")
		if len(platform.edits) != 1 {
			t.Errorf("%d edits while the chat is blocked", len(platform.edits))
		}
		d.steps(60)
		d.said("198.51.100.7", "203.0.113.8")
		if len(platform.edits) != 2 {
			t.Errorf("%d edits after the chat is free again, want one more", len(platform.edits))
		}
	})
}

func TestWhereNothingCanBeChangedALineSaysWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE")
		d.ban("203.0.113.8", "BE")
		d.step()
		first := d.sender.texts()
		d.answer("198.51.100.7", "NL")
		d.answer("203.0.113.8", "BE")
		d.steps(30)
		d.said(first[0], "Netherlands")
		if got := d.sender.texts()[1]; !strings.Contains(got, "198.51.100.7") || strings.Contains(got, "203.0.113.8") {
			t.Errorf("%q, want a line on the one that differs", got)
		}
	})
}

func TestR07EditsOfAChatThatRefusesAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		platform := d.inPlace()
		for range 100 {
			platform.refuses = append(platform.refuses, &msg.NotSentError{Reason: "kicked", After: 15 * time.Minute})
		}
		for i := range 20 {
			address := fmt.Sprint("198.51.100.", i)
			d.ban(address, "BE")
			d.step()
			d.answer(address, "NL")
			d.step()
		}
		d.steps(3600)
		if n := len(platform.edits); n > 5 {
			t.Errorf("%d attempts to change messages in an hour, want one in 15 minutes", n)
		}
	})
}
