package discord_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"friendlyfire/bot/discord"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newClient is a client of the server, with a database of its own and everything logged.
func newClient(t *testing.T, s *discordtest.Server) *discord.Client {
	t.Helper()
	return newClientWith(t, s, filepath.Join(t.TempDir(), "test.db"))
}

func newClientWith(t *testing.T, s *discordtest.Server, database string) *discord.Client {
	t.Helper()
	c, err := discord.New(discordtest.Token, s.URL(), s.Dial)
	if err != nil {
		t.Fatal(err)
	}
	c.Store, err = store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Store.Close() })
	c.Log = slog.New(slog.NewTextHandler(&journal{t: t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Guild = discordtest.Guild
	c.Commands = []msg.Command{
		{Name: "report", Description: "Bans as a chart", Args: []msg.Arg{
			{Name: "by", Description: "What to count", Choices: []string{"country", "jail"}},
			{Name: "since", Description: "How far back"},
		}},
		{Name: "ip", Description: "What is known of an address", Args: []msg.Arg{
			{Name: "address", Description: "IPv4 or IPv6", Required: true},
		}},
	}
	c.Allowed = func(r msg.Request) bool { return r.Chat == discordtest.Channel && r.User == discordtest.User }
	c.Answer = func(_ context.Context, r msg.Request) msg.Message { return plain("answer to " + r.Text) }
	return c
}

func plain(text string) msg.Message { return msg.Message{Text: msg.Text{{Text: text}}} }

// journal is a log that no secret may reach.
type journal struct {
	t  *testing.T
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if bytes.Contains(line, []byte("CANARY")) {
		j.t.Errorf("the log holds a secret: %s", line)
	}
	return j.b.Write(line)
}

func (j *journal) count(what string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Count(j.b.Bytes(), []byte(what))
}

// logTo replaces c's log by one that can be counted.
func logTo(t *testing.T, c *discord.Client) *journal {
	j := &journal{t: t}
	c.Log = slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return j
}

// kind is the type of an error, as the deliverer tells them apart.
func kind(err error) string {
	if err == nil {
		return "sent"
	}
	if e, ok := errors.AsType[*msg.RetryAfterError](err); ok {
		return "retry after " + e.After.String() + " for the " + string(e.Scope)
	}
	if _, ok := errors.AsType[*msg.RejectedError](err); ok {
		return "rejected"
	}
	if _, ok := errors.AsType[*msg.NotSentError](err); ok {
		return "not sent"
	}
	return "unknown"
}

// listen runs Listen until stop is called or the test ends.
func listen(t *testing.T, c *discord.Client) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Listen(ctx); err != nil {
			t.Errorf("Listen: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

// answer waits a minute at most.
func answer(t *testing.T, i *discordtest.Interaction) (discordtest.Message, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return i.Answer(ctx)
}
