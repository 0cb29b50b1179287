package harness

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
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

var EveryChat = []string{"-1001", "42", discordtest.Channel}

// Everywhere reports whether each chat was told so often.
func (p Platforms) Everywhere(what string, times int) bool {
	n := p.Mentions(what)
	return !slices.ContainsFunc(EveryChat, func(chat string) bool { return n[chat] != times })
}

func (p Platforms) Await(t *testing.T, what string, times int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if p.Everywhere(what, times) {
			return
		}
	}
	t.Fatalf("told of %q: %v, want %d times in each chat", what, p.Mentions(what), times)
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
	headline := regexp.MustCompile(` banned: (\S+)\n`)
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

// AnswerLate lets every post be answered after a time.
func (p Platforms) AnswerLate(after func() time.Duration) {
	p.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
		if strings.HasPrefix(q.Method, "send") {
			return telegramtest.Slow(after())
		}
		return nil
	})
	p.Discord.Script(func(q discordtest.Request) discordtest.Fault {
		if strings.HasSuffix(q.Path, "/messages") {
			return discordtest.Slow(after())
		}
		return nil
	})
}

// Faulty lets one request of a hundred fail, each in another way.
func (p Platforms) Faulty(seed uint64) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	chosen := func(of int) int { // -1: none
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(100) > 0 {
			return -1
		}
		return random.IntN(of)
	}
	p.Telegram.Script(func(telegramtest.Request) telegramtest.Fault {
		faults := []telegramtest.Fault{
			telegramtest.Cut(), telegramtest.Drop(), telegramtest.Page(502), telegramtest.RetryAfter(3 * time.Second), telegramtest.Slow(2 * time.Second),
		}
		if i := chosen(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
	p.Discord.Script(func(discordtest.Request) discordtest.Fault {
		faults := []discordtest.Fault{
			discordtest.Cut(), discordtest.Drop(), discordtest.Page(502), discordtest.RateLimit(3*time.Second, "user"), discordtest.Slow(2 * time.Second),
		}
		if i := chosen(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
}

// Reactions counts whatever the bot has done because somebody spoke to it.
func (p Platforms) Reactions() int {
	n := len(p.Telegram.Requests("sendMessage", "sendPhoto", "sendChatAction", "answerCallbackQuery"))
	for _, q := range p.Discord.Requests("") {
		if strings.HasPrefix(q.Path, "/interactions/") || strings.HasPrefix(q.Path, "/webhooks/") || strings.HasSuffix(q.Path, "/messages") {
			n++
		}
	}
	return n
}
