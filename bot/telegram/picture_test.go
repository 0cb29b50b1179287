package telegram_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

// A command is answered in words where its picture cannot be uploaded. Where the picture may have arrived, they say so.
func TestR29AnswerWithoutItsPicture(t *testing.T) {
	for name, tc := range map[string]struct {
		fault    telegramtest.Fault
		pictures int // that arrive
		repeats  bool
	}{
		"500":           {telegramtest.Refuse(500, "Internal"), 0, true},
		"cut":           {telegramtest.Cut(), 0, true},
		"hangs":         {telegramtest.Hang(), 0, true},
		"arrives":       {telegramtest.Drop(), 1, true},
		"a proxy's 403": {telegramtest.Page(403), 0, false},
		"403":           {telegramtest.Refuse(403, "Forbidden: CHAT_SEND_PHOTOS_FORBIDDEN"), 0, false},
		"413":           {telegramtest.Page(413), 0, false},
		"400":           {telegramtest.Refuse(400, "Bad Request: IMAGE_PROCESS_FAILED"), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				photo := picture(t, 100, 100)
				b.Answer = func(context.Context, msg.Request) msg.Message {
					return msg.Message{Text: msg.Text{{Text: "3 bans"}}, Photo: photo, Fallback: "███ BE"}
				}
				server.Script(func(q telegramtest.Request) telegramtest.Fault {
					if q.Method == "sendPhoto" {
						return tc.fault
					}
					return nil
				})
				bottest.Listen(t, b)
				server.Say(group, 0, admin, "/report")
				time.Sleep(30 * time.Second)
				got := server.Messages()
				if len(got) != tc.pictures+1 {
					t.Fatalf("%d messages, want one in words and %d pictures", len(got), tc.pictures)
				}
				text := got[tc.pictures].Text
				if repeats := strings.Contains(text, " (may repeat)\n"); repeats != tc.repeats || !strings.Contains(text, "███ BE") {
					t.Errorf("answered %q, may repeat: %v", text, tc.repeats)
				}
			})
		})
	}
}

// A start takes up the pace where an earlier run has left it.
func TestR36AStartIsNoBurst(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, _ *telegram.Client) {
		last := time.Now()
		for range 30 { // runs of a second each
			c := newClient(t, server)
			c.Resume("-1001", last)
			last = time.Now()
			if err := c.Send(t.Context(), "-1001", say("a")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n := len(server.Requests("sendMessage")); n != 30 {
			t.Errorf("%d requests for 30 messages", n)
		}
	})
}
