package main

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// addresses are so many of a friendly network. The range is for benchmarks (RFC 2544).
func addresses(n int) []string {
	all := make([]string, n)
	a := netip.MustParseAddr("198.18.0.0")
	for i := range all {
		a = a.Next()
		all[i] = a.String()
	}
	return all
}

var friendlyRange = []string{`friendly = ["BE", "203.0.113.0/24"]`, `friendly = ["BE", "198.18.0.0/15"]`}

// rows are bans of the addresses, all at once.
func rows(at time.Time, addresses []string) string {
	var b strings.Builder
	for _, a := range addresses {
		b.WriteString(ban(at, a, "sshd", "Failed password for invalid user admin from "+a+" port 40222 ssh2"))
	}
	return b.String()
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

// Thousands of friendly bans that are read at once reach every chat within minutes, and within the platforms' limits.
func TestR15FloodsArePacked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := addresses(size(1000, 10_000))
		both := inMemory(t)
		s := newQuietScene(t, both, friendlyRange...)
		p := s.inside(both.dial)
		time.Sleep(time.Minute)
		begun := time.Now()
		s.append(rows(begun, all))
		time.Sleep(20 * time.Minute)
		p.stop()

		if lost, repeated := both.lostAndRepeated(everyChat, all); lost+repeated > 0 {
			t.Errorf("%d lost, %d repeated", lost, repeated)
		}
		var group []time.Time
		first, last := time.Hour, time.Duration(0)
		note := func(at time.Time) { first, last = min(first, at.Sub(begun)), max(last, at.Sub(begun)) }
		for _, m := range both.telegram.Messages() {
			note(m.Time)
			if m.Chat < 0 {
				group = append(group, m.Time)
			}
		}
		for _, m := range both.discord.Messages() {
			note(m.Time)
		}
		perMinute := most(group, time.Minute)
		if first > 5*time.Second || last > 10*time.Minute || perMinute > 20 || both.telegram.Early() > 0 {
			t.Errorf("first after %v, last after %v, %d messages a minute in a group, %d too early", first, last, perMinute, both.telegram.Early())
		}
		reached(t, "%d bans in %d messages to a group, first after %v, last after %v, %d a minute at most",
			len(all), len(group), first.Round(time.Millisecond), last.Round(time.Second), perMinute)
	})
}
