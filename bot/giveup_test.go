package bot

import (
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// A week in which nobody tried is no reason to give anything up: the program did not run, or the clock was set.
func TestR31OnlyAttemptsCountForGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		chat := d.deliverer.Chat
		post := func(key string) {
			t.Helper()
			body := Body{Text: msg.Text{{Text: key}}}
			if _, err := d.store.Post(t.Context(), notices([]store.Chat{chat}, key, body, time.Now())...); err != nil {
				t.Fatal(err)
			}
		}
		status := func() store.ChatStatus {
			t.Helper()
			s, err := d.store.ChatStatus(t.Context(), chat)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		inVain := func(hours int) {
			t.Helper()
			for range hours {
				d.sender.replies = []error{&msg.RetryAfterError{After: 50 * time.Minute}}
				d.step()
				time.Sleep(time.Hour)
			}
		}
		post("a")
		time.Sleep(400 * 24 * time.Hour)
		d.step()
		d.said("a")

		post("b")
		inVain(80)
		d.deliverer = &Deliverer{ // a restart, and a month off
			Store: d.store, Sender: d.sender, Chat: chat, Draw: d.deliverer.Draw, Again: d.deliverer.Again,
			Log: d.deliverer.Log,
		}
		time.Sleep(30 * 24 * time.Hour)
		post("c")
		inVain(85)
		if s := status(); s.Dead != 0 || s.Waiting != 2 {
			t.Fatalf("%+v after 163 hours of attempts", s)
		}
		inVain(10)
		if s := status(); s.Dead != 1 || s.Waiting != 1 {
			t.Fatalf("%+v after 173 hours of attempts", s)
		}
		d.step()
		d.said("a", "c")
	})
}
