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

// Platforms are the fakes of Telegram and Discord, and of others where a scene has them. They remember what the program
// posted.
type Platforms struct {
	Telegram *telegramtest.Server
	Discord  *discordtest.Server
	Others   []Fake
}

// InMemory are platforms without sockets, for a program in the test's own process.
func InMemory(t *testing.T) Platforms {
	t.Helper()
	p := Platforms{Telegram: telegramtest.InMemory(t), Discord: discordtest.InMemory(t)}
	t.Cleanup(func() { p.nothingClickable(t) })
	return p
}

// OnLoopback are platforms for a program in a process of its own.
func OnLoopback(t *testing.T) Platforms {
	t.Helper()
	p := Platforms{Telegram: telegramtest.Start(t), Discord: discordtest.Start(t)}
	t.Cleanup(func() { p.nothingClickable(t) })
	return p
}

// With adds other platforms.
func (p Platforms) With(others ...Fake) Platforms {
	p.Others = append(slices.Clone(p.Others), others...)
	return p
}

// Chats are all chats of a scene with these platforms.
func (p Platforms) Chats() []string {
	all := slices.Clone(AllChats)
	for _, other := range p.Others {
		all = append(all, other.Chats()...)
	}
	return all
}

// nothingClickable fails the test if Telegram found a link, a mention or the like in a message.
func (p Platforms) nothingClickable(t *testing.T) {
	t.Helper()
	for _, m := range p.Telegram.Messages() {
		if len(m.Found) != 0 {
			t.Errorf("S21: Telegram finds %v in %q", m.Found, m.Text)
		}
	}
}

// Addresses puts the addresses of the platforms into a configuration.
func (p Platforms) Addresses() Change {
	return Change{"$TELEGRAM", p.Telegram.URL(), "$DISCORD", p.Discord.URL()}
}

// Dial connects to the platform that has the address.
func (p Platforms) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch {
	case strings.HasSuffix(p.Telegram.URL(), address):
		return p.Telegram.Dial(ctx, network, address)
	case strings.HasSuffix(p.Discord.URL(), address):
		return p.Discord.Dial(ctx, network, address)
	}
	for _, other := range p.Others {
		if other.Addr() == address {
			return other.Dial(ctx, network, address)
		}
	}
	return nil, fmt.Errorf("nobody is at %s", address)
}

// Unescape takes Discord's markup off: what a reader sees.
func Unescape(s string) string { return strings.NewReplacer("\\", "", "`", "", "*", "").Replace(s) }

// Post is a message that a chat got, as its readers see it.
type Post struct {
	Chat, Text string
	Photo      []byte
	Time       time.Time
}

// Posts are all messages, those of Telegram first, then those of Discord.
func (p Platforms) Posts() (all []Post) {
	for _, m := range p.Telegram.Messages() {
		all = append(all, Post{strconv.FormatInt(m.Chat, 10), m.Text, m.Photo, m.Time})
	}
	for _, m := range p.Discord.Messages() {
		all = append(all, Post{m.Channel, Unescape(m.Content), m.Photo, m.Time})
	}
	for _, other := range p.Others {
		all = append(all, other.Posts()...)
	}
	return all
}

// Mentions counts, chat by chat, how often a text was posted.
func (p Platforms) Mentions(text string) map[string]int {
	n := map[string]int{}
	for _, m := range p.Posts() {
		n[m.Chat] += strings.Count(m.Text, text)
	}
	return n
}

// InEveryChat reports whether a text was posted at least once in each chat.
func (p Platforms) InEveryChat(text string) bool {
	n := p.Mentions(text)
	return !slices.ContainsFunc(p.Chats(), func(chat string) bool { return n[chat] == 0 })
}

// Exactly reports whether a text was posted so often in each chat.
func (p Platforms) Exactly(text string, times int) bool {
	n := p.Mentions(text)
	return !slices.ContainsFunc(p.Chats(), func(chat string) bool { return n[chat] != times })
}

// Await waits until a text was posted so often in each chat.
func (p Platforms) Await(t *testing.T, text string, times int) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("posted %q: %v, want %d times in each chat", text, p.Mentions(text), times)
		}
	}()
	Await(t, 30*time.Second, text, func() bool { return p.Exactly(text, times) })
}

// Want fails the test for every text that was not posted so often in each chat.
func (p Platforms) Want(t *testing.T, want map[string]int) {
	t.Helper()
	for text, times := range want {
		if !p.Exactly(text, times) {
			t.Errorf("posted %q: %v, want %d times in each chat", text, p.Mentions(text), times)
		}
	}
}

// Alerted counts, chat by chat, the alerts about each address.
func (p Platforms) Alerted() map[string]map[string]int {
	all := map[string]map[string]int{}
	for _, m := range p.Posts() {
		if all[m.Chat] == nil {
			all[m.Chat] = map[string]int{}
		}
		addresses, _ := AlertsIn(m.Text)
		for _, a := range addresses {
			all[m.Chat][a]++
		}
	}
	return all
}

// Counted counts, chat by chat, the bans that storms count and do not name. Repeats of a message add none.
func (p Platforms) Counted() map[string]int {
	all, seen := map[string]int{}, map[[2]string]bool{}
	for _, m := range p.Posts() {
		first := [2]string{m.Chat, strings.Replace(m.Text, " (may repeat)", "", 1)}
		if _, more := AlertsIn(m.Text); !seen[first] {
			all[m.Chat] += more
		}
		seen[first] = true
	}
	return all
}

// LostAndRepeated compares the alerts in each of the chats with what they should be: one about each address, unless it
// is counted in a storm.
func (p Platforms) LostAndRepeated(chats, want []string) (lost, repeated int) {
	alerted, counted := p.Alerted(), p.Counted()
	for _, chat := range chats {
		missing := 0
		for _, a := range want {
			switch n := alerted[chat][a]; {
			case n == 0:
				missing++
			case n > 1:
				repeated += n - 1
			}
		}
		lost += max(missing-counted[chat], 0)
	}
	return lost, repeated
}

// AwaitAlerts waits until each of the chats got an alert about each address.
func (p Platforms) AwaitAlerts(t *testing.T, within time.Duration, chats, want []string) {
	t.Helper()
	lost := 0
	defer func() {
		if t.Failed() {
			t.Logf("%d alerts are missing", lost)
		}
	}()
	Await(t, within, fmt.Sprintf("alerts about %d addresses", len(want)), func() bool {
		lost, _ = p.LostAndRepeated(chats, want)
		return lost == 0
	})
}
