package telegram_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Invented ids: a group, a private chat, an administrator, a stranger.
const (
	group    = -1001234500001
	private  = 5550001
	admin    = 5550001
	stranger = 5559999
)

// inBubble runs a test in a synctest bubble, with a server in memory and its client.
func inBubble(t *testing.T, test func(*testing.T, *telegramtest.Server, *telegram.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := telegramtest.InMemory(t)
		test(t, server, newClient(t, server))
	})
}

func newClient(t *testing.T, server *telegramtest.Server) *telegram.Client {
	t.Helper()
	c, err := telegram.New(telegramtest.Token, server.URL(), server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// say returns a plain message.
func say(text string) msg.Message { return msg.Message{Text: msg.Text{{Text: text}}} }

// picture returns a PNG of this size.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
