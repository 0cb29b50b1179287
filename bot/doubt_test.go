package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// strict is a platform that refuses, for a reason in no list, what its function names.
type strict struct {
	notes
	refuses func(text string) bool
}

func (s *strict) Send(ctx context.Context, chat string, m msg.Message) error {
	if s.refuses(m.Text.String()) {
		s.replies = []error{&msg.NotSentError{Reason: "never seen before", Unknown: true}}
	}
	return s.notes.Send(ctx, chat, m)
}

// inDoubt runs a test with such a platform. The function post posts notices with these texts, and wait lets time pass.
func inDoubt(t *testing.T, test func(t *testing.T, d *desk, s *strict, post func(...string), wait func(time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		s := &strict{notes: notes{limit: 2000}, refuses: func(string) bool { return false }}
		d.deliverer.Sender = s
		step := func() {
			if err := d.deliverer.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var again time.Duration
		d.deliverer.Again = func(d time.Duration) { again = d }
		wait := func(long time.Duration) {
			for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(min(again, time.Until(end))) {
				again = long
				step()
			}
			step()
		}
		post := func(texts ...string) {
			var all []store.Notice
			for _, text := range texts {
				chats := []store.Chat{d.deliverer.Chat}
				all = append(all, notices(chats, "test/"+text, Body{Text: msg.Text{{Text: text}}}, time.Now())...)
			}
			if _, err := d.store.Post(t.Context(), all...); err != nil {
				t.Fatal(err)
			}
			step()
		}
		test(t, d, s, post, wait)
	})
}

// wantChat checks which texts have arrived, and how many notices were given up and are waiting.
func (d *desk) wantChat(s *strict, dead, waiting int, arrived ...string) {
	d.t.Helper()
	said := strings.Join(s.texts(), "\n\n")
	for _, text := range arrived {
		if n := strings.Count(said, text); n != 1 {
			d.t.Errorf("%q arrived %d times, want once:\n%s", text, n, said)
		}
	}
	status, err := d.store.ChatStatus(d.t.Context(), d.deliverer.Chat)
	if err != nil || status.Dead != dead || status.Waiting != waiting {
		d.t.Errorf("%d given up, %d waiting, %v; want %d, %d", status.Dead, status.Waiting, err, dead, waiting)
	}
	if waiting == 0 && !status.FailingSince.IsZero() {
		d.t.Errorf("the chat is in trouble: %s", status.Error)
	}
}

func bad(text string) bool { return strings.Contains(text, "bad") }

func TestR12OneRefusedForAnUnknownReasonIsGivenUpAndNoOther(t *testing.T) {
	for name, texts := range map[string][]string{
		"oldest": {"bad", "n1", "n2"}, "middle": {"n1", "bad", "n2"}, "newest": {"n1", "n2", "bad"},
		"two of four": {"bad1", "n1", "bad2", "n2"},
	} {
		t.Run(name, func(t *testing.T) {
			inDoubt(t, func(t *testing.T, d *desk, s *strict, post func(...string), wait func(time.Duration)) {
				s.refuses = bad
				post(texts...)
				wait(time.Minute)
				for i := range 3 {
					post(fmt.Sprintf("later%d", i))
					wait(3 * ownTry)
				}
				d.wantChat(s, len(texts)-2, 0, "n1", "n2", "later0", "later1", "later2")
				if n := len(s.tried); n > 20 {
					t.Errorf("%d attempts", n)
				}
			})
		})
	}
}

func TestR12LoneRefusedMessageDelaysNoNewOne(t *testing.T) {
	inDoubt(t, func(t *testing.T, d *desk, s *strict, post func(...string), wait func(time.Duration)) {
		s.refuses = bad
		post("bad")
		wait(24 * time.Hour)
		if n := len(s.tried); n > 6+24*4 {
			t.Errorf("%d attempts in a day", n)
		}
		d.wantChat(s, 0, 1) // nothing has gone through beside it
		post("n1")
		wait(freshTry)
		d.wantChat(s, 1, 0, "n1")
	})
}

func TestR30ChatThatRefusesEverythingLosesNothing(t *testing.T) {
	for _, long := range []time.Duration{time.Second, 10 * time.Second, time.Hour, 6 * 24 * time.Hour} {
		t.Run(long.String(), func(t *testing.T) {
			inDoubt(t, func(t *testing.T, d *desk, s *strict, post func(...string), wait func(time.Duration)) {
				s.refuses = func(string) bool { return true }
				var all []string
				for i := range 30 {
					all = append(all, fmt.Sprintf("n%02d", i))
					post(all[i])
					wait(long / 30)
				}
				d.wantChat(s, 0, 30)
				s.refuses = func(string) bool { return false }
				wait(rareTry + time.Second)
				d.wantChat(s, 0, 0, all...)
				if n := len(s.sent); n > 3 {
					t.Errorf("%d messages, want what waited in a few", n)
				}
			})
		})
	}
}

// A chat that accepts a message now and then is at fault itself: that others are refused too shows it.
func TestR30ChatThatAcceptsOneNowAndThenLosesNothing(t *testing.T) {
	inDoubt(t, func(t *testing.T, d *desk, s *strict, post func(...string), wait func(time.Duration)) {
		all := []string{"n1", "n2", "n3", "n4", "n5"}
		most := 0
		s.refuses = func(string) bool { return len(s.sent) >= most }
		post(all...)
		wait(time.Hour)
		for most = range len(all) - 1 {
			wait(time.Hour)
		}
		d.wantChat(s, 0, 2)
		most = len(all)
		wait(rareTry + time.Second)
		d.wantChat(s, 0, 0, all...)
	})
}
