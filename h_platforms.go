package main

import (
	"context"
	"fmt"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// platforms are the two fakes, and what they were told.
type platforms struct {
	telegram *telegramtest.Server
	discord  *discordtest.Server
}

func (p platforms) config() string {
	return strings.NewReplacer("$TELEGRAM", p.telegram.URL(), "$DISCORD", p.discord.URL()).Replace(withBoth)
}

// mentions counts, chat by chat, how often something was said.
func (p platforms) mentions(what string) map[string]int {
	n := map[string]int{}
	for _, m := range p.telegram.Messages() {
		n[fmt.Sprint(m.Chat)] += strings.Count(m.Text, what)
	}
	for _, m := range p.discord.Messages() {
		n[m.Channel] += strings.Count(unescape(m.Content), what)
	}
	return n
}

// unescape takes Discord's markup off: what a reader sees.
func unescape(s string) string { return strings.NewReplacer("\\", "", "`", "", "*", "").Replace(s) }

var everyChat = []string{"-1001", "42", discordtest.Channel}

// everywhere reports whether each chat was told so often.
func (p platforms) everywhere(what string, times int) bool {
	n := p.mentions(what)
	return !slices.ContainsFunc(everyChat, func(chat string) bool { return n[chat] != times })
}

func (p platforms) await(t *testing.T, what string, times int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if p.everywhere(what, times) {
			return
		}
	}
	t.Fatalf("told of %q: %v, want %d times in each chat", what, p.mentions(what), times)
}

// inMemory are platforms without sockets, for a program in the test's own process.
func inMemory(t *testing.T) platforms {
	t.Helper()
	return platforms{telegramtest.InMemory(t), discordtest.InMemory(t)}
}

// onLoopback are platforms for a process of its own.
func onLoopback(t *testing.T) platforms {
	t.Helper()
	return platforms{telegramtest.Start(t), discordtest.Start(t)}
}

// dial reaches the platform that has the address.
func (p platforms) dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch {
	case strings.HasSuffix(p.telegram.URL(), address):
		return p.telegram.Dial(ctx, network, address)
	case strings.HasSuffix(p.discord.URL(), address):
		return p.discord.Dial(ctx, network, address)
	}
	return nil, fmt.Errorf("nobody is at %s", address)
}

// saidEverywhere reports whether each chat was told at least once.
func (p platforms) saidEverywhere(what string) bool {
	n := p.mentions(what)
	return !slices.ContainsFunc(everyChat, func(chat string) bool { return n[chat] == 0 })
}

// alerted counts how often each address was told of, chat by chat.
func (p platforms) alerted() map[string]map[string]int {
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
	for _, m := range p.telegram.Messages() {
		count(strconv.FormatInt(m.Chat, 10), m.Text)
	}
	for _, m := range p.discord.Messages() {
		count(m.Channel, unescape(m.Content))
	}
	return all
}

// lostAndRepeated compares what each of the chats was told of with what it should have been: each address once.
func (p platforms) lostAndRepeated(chats, want []string) (lost, repeated int) {
	told := p.alerted()
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

// answerLate lets every post be answered after a time.
func (p platforms) answerLate(after func() time.Duration) {
	p.telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
		if strings.HasPrefix(q.Method, "send") {
			return telegramtest.Slow(after())
		}
		return nil
	})
	p.discord.Script(func(q discordtest.Request) discordtest.Fault {
		if strings.HasSuffix(q.Path, "/messages") {
			return discordtest.Slow(after())
		}
		return nil
	})
}

// faulty lets one request of a hundred fail, each in another way.
func (p platforms) faulty(seed uint64) {
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
	p.telegram.Script(func(telegramtest.Request) telegramtest.Fault {
		faults := []telegramtest.Fault{
			telegramtest.Cut(), telegramtest.Drop(), telegramtest.Page(502), telegramtest.RetryAfter(3 * time.Second), telegramtest.Slow(2 * time.Second),
		}
		if i := chosen(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
	p.discord.Script(func(discordtest.Request) discordtest.Fault {
		faults := []discordtest.Fault{
			discordtest.Cut(), discordtest.Drop(), discordtest.Page(502), discordtest.RateLimit(3*time.Second, "user"), discordtest.Slow(2 * time.Second),
		}
		if i := chosen(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
}

// reactions counts whatever the bot has done because somebody spoke to it.
func (p platforms) reactions() int {
	n := len(p.telegram.Requests("sendMessage", "sendPhoto", "sendChatAction", "answerCallbackQuery"))
	for _, q := range p.discord.Requests("") {
		if strings.HasPrefix(q.Path, "/interactions/") || strings.HasPrefix(q.Path, "/webhooks/") || strings.HasSuffix(q.Path, "/messages") {
			n++
		}
	}
	return n
}
