package telegram_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram/telegramtest"
)

// The press of a button changes the message in place; where Telegram refuses that, the answer is a message of its own.
func TestButtonsChangeTheirMessageInPlace(t *testing.T) {
	before, after := picture(t, 40, 30), picture(t, 50, 30)
	buttons := [][]msg.Button{{{Label: "7d", Command: "/report 7d"}}}
	const inPlace, below, nothing = "in place", "below", "nothing"
	press := (*telegramtest.Server).PressUnder
	for name, tc := range map[string]struct {
		old, answer msg.Message
		press       func(*telegramtest.Server, telegramtest.Message, int64, string) int64
		want        string
	}{
		"text":               {say("old"), say("new"), press, inPlace},
		"picture":            {msg.Message{Text: say("old").Text, Photo: before}, msg.Message{Text: say("new").Text, Photo: after, Buttons: buttons}, press, inPlace},
		"text to a picture":  {say("old"), msg.Message{Text: say("new").Text, Photo: after}, press, inPlace},
		"picture to a text":  {msg.Message{Text: say("old").Text, Photo: before}, say("new"), press, below},
		"the same":           {say("new"), say("new"), press, nothing},
		"not in its place":   {say("old"), msg.Message{Text: say("new").Text, Aside: true}, press, below},
		"too old to be seen": {say("old"), say("new"), (*telegramtest.Server).PressInaccessible, below},
		"deleted": {say("old"), say("new"), func(s *telegramtest.Server, m telegramtest.Message, u int64, data string) int64 {
			s.Delete(m.ID)
			return s.PressUnder(m, u, data)
		}, below},
		"a stranger's press": {say("old"), say("new"), func(s *telegramtest.Server, m telegramtest.Message, _ int64, data string) int64 {
			return s.PressUnder(m, stranger, data)
		}, nothing},
	} {
		t.Run(name, func(t *testing.T) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				b.Answer = func(context.Context, msg.Request) msg.Message { return tc.answer }
				if err := b.Send(t.Context(), "-1001234500001", tc.old); err != nil {
					t.Fatal(err)
				}
				bottest.Listen(t, b)
				time.Sleep(time.Minute)
				tc.press(server, server.Messages()[0], admin, "/report 7d")
				time.Sleep(time.Minute)
				synctest.Wait()
				all := server.Messages()
				old, latest := all[0], all[len(all)-1]
				got := nothing
				switch {
				case len(all) == 2 && old.Edits == 0:
					got = below
				case len(all) == 1 && old.Edits == 1:
					got = inPlace
				case len(all) != 1 || old.Edits != 0:
					got = "both"
				}
				if got != tc.want {
					t.Fatalf("the answer is %s, want %s: %d messages, %d edits", got, tc.want, len(all), old.Edits)
				}
				if got == nothing {
					return
				}
				if latest.Text != "new" || !bytes.Equal(latest.Photo, tc.answer.Photo) ||
					len(latest.Keyboard) != len(tc.answer.Buttons) {
					t.Errorf("the answer is %+v", latest)
				}
			})
		})
	}
}

// A press is answered in words where the picture cannot be uploaded: in place of words, or below a picture, where they
// say so if it may have arrived.
func TestR29PressIsAnsweredWithoutItsPicture(t *testing.T) {
	const words, marked = "3 bans\n\n███ BE", "3 bans (may repeat)\n\n███ BE"
	for name, tc := range map[string]struct {
		fault        telegramtest.Fault
		messages     int    // where the button was below words
		text, second string // of the answer there, and below a picture
	}{
		"500":     {telegramtest.Refuse(500, "Internal"), 1, words, marked},
		"cut":     {telegramtest.Cut(), 1, words, marked},
		"hangs":   {telegramtest.Hang(), 1, words, marked},
		"arrives": {telegramtest.Drop(), 2, marked, marked},
		"403":     {telegramtest.Refuse(403, "Forbidden: CHAT_SEND_PHOTOS_FORBIDDEN"), 1, words, words},
		"413":     {telegramtest.Page(413), 1, words, words},
		"400":     {telegramtest.Refuse(400, "Bad Request: IMAGE_PROCESS_FAILED"), 1, words, words},
	} {
		press := func(t *testing.T, old msg.Message, want int, text string) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				b.Answer = func(context.Context, msg.Request) msg.Message {
					return msg.Message{Text: say("3 bans").Text, Photo: picture(t, 50, 30), Fallback: "███ BE"}
				}
				if err := b.Send(t.Context(), "-1001234500001", old); err != nil {
					t.Fatal(err)
				}
				server.Script(func(q telegramtest.Request) telegramtest.Fault {
					if q.Method == "sendPhoto" || q.Method == "editMessageMedia" {
						return tc.fault
					}
					return nil
				})
				bottest.Listen(t, b)
				time.Sleep(time.Minute)
				server.PressUnder(server.Messages()[0], admin, "/report 7d")
				time.Sleep(time.Minute)
				all := server.Messages()
				if got := all[len(all)-1].Text; len(all) != want || got != text {
					t.Errorf("%d messages, want %d; the answer is %q, want %q", len(all), want, got, text)
				}
			})
		}
		t.Run(name+", below words", func(t *testing.T) { press(t, say("old"), tc.messages, tc.text) })
		t.Run(name+", below a picture", func(t *testing.T) {
			press(t, msg.Message{Text: say("old").Text, Photo: picture(t, 40, 30)}, 2, tc.second)
		})
	}
}
