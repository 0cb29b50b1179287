package discord_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newClient returns a client of the server, with a store of its own.
func newClient(t *testing.T, s *discordtest.Server) *discord.Client {
	t.Helper()
	c, err := discord.New(discordtest.Token, s.URL(), s.Dial)
	if err != nil {
		t.Fatal(err)
	}
	c.Store = bottest.OpenStore(t)
	c.Log = bottest.NewLogCapture(t).Logger()
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

// captureLog replaces the log of c and returns it.
func captureLog(t *testing.T, c *discord.Client) *bottest.LogCapture {
	log := bottest.NewLogCapture(t)
	c.Log = log.Logger()
	return log
}

// kind returns what an error of Send allows the caller to do.
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

// answer waits for the answer, a minute at most.
func answer(t *testing.T, i *discordtest.Interaction) (discordtest.Message, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return i.Answer(ctx)
}
