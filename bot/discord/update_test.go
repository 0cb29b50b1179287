package discord_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

// The press of a button changes the message in place; where it is deleted, the answer is a message of its own.
func TestButtonsChangeTheirMessageInPlace(t *testing.T) {
	photo := func(text string) msg.Message { m := plain(text); m.Photo = []byte("png"); return m }
	aside := plain("new")
	aside.Aside = true
	for name, tc := range map[string]struct {
		answer       msg.Message
		gone         bool
		noPhotos     bool
		place, below int
	}{
		"text":             {plain("new"), false, false, 1, 0},
		"picture":          {photo("new"), false, false, 1, 0},
		"refused picture":  {photo("new"), false, true, 1, 0},
		"deleted":          {photo("new"), true, false, 0, 1},
		"not in its place": {aside, false, false, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				c.Answer = func(context.Context, msg.Request) msg.Message { return tc.answer }
				bottest.Listen(t, c)
				s.AwaitListening(t)
				if tc.noPhotos {
					s.Fail("PATCH /webhooks/*/*/messages/*", 1, discordtest.Refuse(400, 50035, "Invalid Form Body"))
				}
				i := s.Press(discordtest.Admin, "/report 7d")
				if tc.gone {
					i.Gone()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				place, below := i.Answers(), i.Below()
				if len(place) != tc.place || len(below) != tc.below || tc.place > 0 != i.InPlace() {
					t.Fatalf("%d answers in place and %d below, want %d and %d", len(place), len(below), tc.place, tc.below)
				}
				for _, m := range append(place, below...) {
					if m.Content != "new" || m.Keeps || (m.Photo != nil) != (tc.answer.Photo != nil && !tc.noPhotos) {
						t.Errorf("the answer is %+v", m)
					}
				}
				if n := len(s.Messages()); n != 0 {
					t.Errorf("%d messages besides", n)
				}
			})
		})
	}
}
