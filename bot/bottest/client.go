package bottest

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"friendlyfire/store"
)

// Canary is in every secret of the fakes. Wherever it turns up outside a request, a secret leaks.
const Canary = "CANARY"

type listener interface {
	Listen(ctx context.Context) error
}

// Listen runs c.Listen until stop is called or the test ends.
func Listen(tb testing.TB, c listener) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.Listen(ctx); err != nil {
			tb.Errorf("Listen = %v, want nil", err)
		}
	})
	stop = func() { cancel(); running.Wait() }
	tb.Cleanup(stop)
	return stop
}

// OpenStore opens an empty store, and closes it when the test ends.
func OpenStore(tb testing.TB) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), filepath.Join(tb.TempDir(), "test.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// LogCapture keeps what is logged, and fails the test when a secret is logged. It is safe for concurrent use.
type LogCapture struct {
	tb  testing.TB
	mu  sync.Mutex
	buf bytes.Buffer
}

// NewLogCapture returns an empty log.
func NewLogCapture(tb testing.TB) *LogCapture { return &LogCapture{tb: tb} }

// Logger logs to c at every level.
func (c *LogCapture) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(c, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write implements io.Writer.
func (c *LogCapture) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if bytes.Contains(line, []byte(Canary)) {
		c.tb.Errorf("the log contains a secret: %s", line)
	}
	return c.buf.Write(line)
}

// String returns everything that was logged.
func (c *LogCapture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// Count returns how often the text was logged.
func (c *LogCapture) Count(text string) int { return strings.Count(c.String(), text) }
