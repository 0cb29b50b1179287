package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// gallery is a platform whose uploads fail, and which takes words.
type gallery struct {
	*notes
	failure func() error // of an upload
	uploads int
}

func (g *gallery) Send(ctx context.Context, chat string, m msg.Message) error {
	if m.Photo != nil {
		g.uploads++
		if err := g.failure(); err != nil {
			return err
		}
	}
	return g.notes.Send(ctx, chat, m)
}

// post posts a notice with a chart, under that key, and its continuation.
func (d *desk) post(key string) {
	d.t.Helper()
	chart := Chart{By: "country", From: time.Now().Add(-time.Hour), To: time.Now()}
	all := slices.Concat(
		notices([]store.Chat{d.deliverer.Chat}, key, Body{Text: msg.Text{{Text: "numbers"}}, Chart: &chart}, time.Now()),
		notices([]store.Chat{d.deliverer.Chat}, key+"/2", Body{Text: msg.Text{{Text: "more numbers"}}}, time.Now()),
		notices([]store.Chat{d.deliverer.Chat}, "health/a", Body{Text: msg.Text{{Text: "trouble"}}}, time.Now()))
	if _, err := d.store.Post(d.t.Context(), all...); err != nil {
		d.t.Fatal(err)
	}
}

// hang makes the uploads of the desk meet the failure.
func (d *desk) hang(failure func() error) *gallery {
	g := &gallery{notes: d.sender, failure: failure}
	d.deliverer.Sender, d.pictures.Sender = g, g
	return g
}

// pass takes a step a second.
func (d *desk) pass(span time.Duration) {
	for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(time.Second) {
		d.deliver()
	}
}

func TestR29PictureBecomesWordsAfterTwoFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		failure error
		uploads int
		want    string // how the words begin
	}{
		"no answer":     {errors.New("EOF"), 2, "numbers (may repeat)"},
		"not sent":      {&msg.NotSentError{Reason: "403"}, 2, "numbers"},
		"forbidden":     {&msg.NotSentError{Reason: "403", After: 15 * time.Minute}, 2, "numbers"},
		"rejected":      {&msg.RejectedError{Reason: "400"}, 2, "numbers"},
		"none succeeds": {nil, 1, "numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				g := d.hang(func() error { return tc.failure })
				d.post("digest/2000-01-01")
				d.pass(time.Minute)
				d.said("trouble", tc.want, "more numbers")
				if got := d.sender.texts()[1]; !strings.HasPrefix(got, tc.want) || g.uploads != tc.uploads {
					t.Errorf("%d uploads, want %d, then %q, want %q", g.uploads, tc.uploads, got, tc.want)
				}
			})
		})
	}
}

// An outage costs no picture: nothing was uploaded that could have failed.
func TestR29OutageDoesNotCountAsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		down := error(&msg.NotSentError{Reason: "no route", Unreached: true})
		g := d.hang(func() error { return down })
		d.post("digest/2000-01-01")
		d.pass(10 * time.Minute)
		if status := d.chat(); g.uploads < 20 || status.Failures != g.uploads || status.FailingSince.IsZero() {
			t.Errorf("%d attempts, status %+v; want one every 20 s, and the chat failing", g.uploads, status)
		}
		down = &msg.RetryAfterError{After: time.Minute, Scope: msg.ThisChat}
		d.pass(10 * time.Minute)
		down = nil
		d.pass(2 * time.Minute)
		d.said("trouble", "numbers", "more numbers")
		if d.sender.sent[1].Photo == nil {
			t.Error("the picture is lost")
		}
	})
}

// A picture, too, waits for as long as the platform asks.
func TestR29PictureWaitsWhereNothingWasReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		failure := error(&msg.NotSentError{Reason: "try again later", Unreached: true, After: 15 * time.Minute})
		g := d.hang(func() error { return failure })
		d.post("digest/2000-01-01")
		d.pass(40 * time.Minute)
		if g.uploads != 3 {
			t.Errorf("%d uploads in 40 minutes, want one every 15", g.uploads)
		}
		failure = nil
		d.pass(10 * time.Minute)
		d.said("trouble", "numbers", "more numbers")
		if d.sender.sent[1].Photo == nil {
			t.Error("the picture is lost")
		}
	})
}

// A bot that is killed whenever it uploads gets the words out all the same.
func TestR29KillsCountAsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		ctx := t.Context()
		g := d.hang(func() error { return errors.New("killed") })
		d.post("digest/2000-01-01")
		d.pass(time.Second) // the words that wait for nothing, and the first upload
		for range 3 {
			due, err := d.store.DuePicture(ctx, d.pictures.Chat, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range due {
				if _, err := d.store.Claim(ctx, "nonce", time.Now(), n.ID); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.store.Recover(ctx); err != nil {
				t.Fatal(err)
			}
		}
		d.pass(time.Minute)
		d.said("trouble", "numbers (may repeat)", "more numbers")
		if g.uploads != 1 {
			t.Errorf("%d uploads beside the one that was killed, want 1", g.uploads)
		}
	})
}

// An alert goes its way while an upload hangs.
func TestR29AlertOvertakesAnUploadThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		d.hang(func() error { time.Sleep(15 * time.Second); return context.DeadlineExceeded })
		d.post("digest/2000-01-01")
		if err := d.deliverer.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- d.pictures.Step(t.Context()) }()
		synctest.Wait()
		began := time.Now()
		d.ban("198.51.100.7", "BE")
		if err := errors.Join(d.announcer.Step(t.Context()), d.deliverer.Step(t.Context())); err != nil {
			t.Fatal(err)
		}
		d.said("trouble", opening("198.51.100.7"))
		if took := time.Since(began); took > 0 {
			t.Errorf("the alert waited %v", took)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func (d *desk) chat() store.ChatStatus {
	d.t.Helper()
	status, err := d.store.ChatStatus(d.t.Context(), d.deliverer.Chat)
	if err != nil {
		d.t.Fatal(err)
	}
	return status
}
