package harness

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// Platforms are the two fakes, and what they were told.
type Platforms struct {
	Telegram *telegramtest.Server
	Discord  *discordtest.Server
}

// Config is WithBoth, at the addresses of these.
func (p Platforms) Config() string {
	return strings.NewReplacer("$TELEGRAM", p.Telegram.URL(), "$DISCORD", p.Discord.URL()).Replace(WithBoth)
}

// Mentions counts, chat by chat, how often something was said.
func (p Platforms) Mentions(what string) map[string]int {
	n := map[string]int{}
	for _, m := range p.Telegram.Messages() {
		n[fmt.Sprint(m.Chat)] += strings.Count(m.Text, what)
	}
	for _, m := range p.Discord.Messages() {
		n[m.Channel] += strings.Count(Unescape(m.Content), what)
	}
	return n
}

// Unescape takes Discord's markup off: what a reader sees.
func Unescape(s string) string { return strings.NewReplacer("\\", "", "`", "", "*", "").Replace(s) }

// EveryChat are the chats of WithBoth.
var EveryChat = []string{"-1001", "42", discordtest.Channel}

// Everywhere reports whether each chat was told so often.
func (p Platforms) Everywhere(what string, times int) bool {
	n := p.Mentions(what)
	return !slices.ContainsFunc(EveryChat, func(chat string) bool { return n[chat] != times })
}

// Await waits until each chat was told so often.
func (p Platforms) Await(t *testing.T, what string, times int) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("told of %q: %v, want %d times in each chat", what, p.Mentions(what), times)
		}
	}()
	Await(t, 30*time.Second, what, func() bool { return p.Everywhere(what, times) })
}

// InMemory are platforms without sockets, for a program in the test's own process.
func InMemory(t *testing.T) Platforms {
	t.Helper()
	return Platforms{telegramtest.InMemory(t), discordtest.InMemory(t)}
}

// OnLoopback are platforms for a process of its own.
func OnLoopback(t *testing.T) Platforms {
	t.Helper()
	return Platforms{telegramtest.Start(t), discordtest.Start(t)}
}

// Dial reaches the platform that has the address.
func (p Platforms) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch {
	case strings.HasSuffix(p.Telegram.URL(), address):
		return p.Telegram.Dial(ctx, network, address)
	case strings.HasSuffix(p.Discord.URL(), address):
		return p.Discord.Dial(ctx, network, address)
	}
	return nil, fmt.Errorf("nobody is at %s", address)
}

// SaidEverywhere reports whether each chat was told at least once.
func (p Platforms) SaidEverywhere(what string) bool {
	n := p.Mentions(what)
	return !slices.ContainsFunc(EveryChat, func(chat string) bool { return n[chat] == 0 })
}

// Alerted counts how often each address was told of, chat by chat.
func (p Platforms) Alerted() map[string]map[string]int {
	headline := AlertForm()
	all := map[string]map[string]int{}
	count := func(chat, text string) {
		if all[chat] == nil {
			all[chat] = map[string]int{}
		}
		for _, m := range headline.FindAllStringSubmatch(text, -1) {
			all[chat][m[1]]++
		}
	}
	for _, m := range p.Telegram.Messages() {
		count(strconv.FormatInt(m.Chat, 10), m.Text)
	}
	for _, m := range p.Discord.Messages() {
		count(m.Channel, Unescape(m.Content))
	}
	return all
}

// LostAndRepeated compares what each of the chats was told of with what it should have been: each address once.
func (p Platforms) LostAndRepeated(chats, want []string) (lost, repeated int) {
	told := p.Alerted()
	for _, chat := range chats {
		for _, a := range want {
			switch n := told[chat][a]; {
			case n == 0:
				lost++
			case n > 1:
				repeated += n - 1
			}
		}
	}
	return lost, repeated
}
