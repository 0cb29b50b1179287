package telegram_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Invented ids: a group, a person's own chat, an administrator, a stranger.
const (
	group    = -1001234500001
	private  = 5550001
	admin    = 5550001
	stranger = 5559999
)

// inBubble runs a test with its own clock, against a server in memory.
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

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// listen runs Listen until stop is called, or the test ends.
func listen(t *testing.T, c *telegram.Client) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.Listen(ctx); err != nil {
			t.Errorf("Listen = %v, want nil", err)
		}
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// journal is a log to search.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) count(s string) int { return strings.Count(j.String(), s) }

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// say is a message in one style.
func say(text string) msg.Message { return msg.Message{Text: msg.Text{{Text: text}}} }

// picture is a PNG of this size.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
