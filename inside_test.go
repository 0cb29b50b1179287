package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// transcript is what a program has written. It is safe for concurrent use.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

func (t *transcript) count(what string) int { return strings.Count(t.String(), what) }

// quiet is a change of withBoth: nothing is said that no ban has caused.
var quiet = strings.NewReplacer(`at = "00:00"`, `at = ""`, `every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"")

// newQuietScene is a scene with both platforms, their tokens in files, and no digests.
func newQuietScene(t *testing.T, both platforms, changes ...string) *scene {
	t.Helper()
	return newTokenScene(t, strings.NewReplacer(changes...).Replace(quiet.Replace(both.config())))
}

// newTokenScene is a scene whose tokens stand in files, so that tests can run side by side.
func newTokenScene(t *testing.T, config string) *scene {
	t.Helper()
	s := newScene(t, tokenFiles.Replace(config))
	s.tokens()
	return s
}

// tokenFiles is a change of withBoth: the tokens stand in files.
var tokenFiles = strings.NewReplacer(
	"[telegram]\n", "[telegram]\ntoken_file = \"$DIR/telegram\"\n",
	"[discord]\n", "[discord]\ntoken_file = \"$DIR/discord\"\n",
)

// tokens writes these files.
func (s *scene) tokens() {
	s.t.Helper()
	s.place(filepath.Join(s.dir, "telegram"), []byte(telegramtest.Token))
	s.place(filepath.Join(s.dir, "discord"), []byte(discordtest.Token))
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

// inside is the whole program in the test's own process, for a testing/synctest bubble: days pass in seconds.
type inside struct {
	t       *testing.T
	said    transcript // to standard error
	printed transcript // to standard output
	cancel  context.CancelFunc
	ended   chan error
}

// inside starts the bot, which reaches the world through dial. Files are polled: to watch one would stop the clock.
func (s *scene) inside(dial func(context.Context, string, string) (net.Conn, error)) *inside {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	p := &inside{t: s.t, cancel: cancel, ended: make(chan error, 1)}
	w := world{dial: dial, watch: func(ctx context.Context, _ string, _ func()) error { <-ctx.Done(); return nil }}
	go func() {
		p.ended <- runBot(ctx, s.config, false, streams{in: strings.NewReader(""), out: &p.printed, err: &p.said}, w)
	}()
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Log("the program said:\n" + p.said.String())
		}
	})
	return p
}

// stop ends the bot and waits until it has.
func (p *inside) stop() {
	p.t.Helper()
	p.cancel()
	if err := <-p.ended; err != nil {
		p.t.Error(err)
	}
}

// await waits until something holds.
func await(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// reached reports the figure of a promise, for the table that `make long` prints.
func reached(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Attr("reached", fmt.Sprintf(format, args...))
}

// size is how much of something a test takes: the contract's measure with -tags=long.
func size(short, full int) int {
	if long {
		return full
	}
	return short
}

// reconfigure changes the configuration; the next start reads it.
func (s *scene) reconfigure(change ...string) {
	s.t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.config, []byte(strings.NewReplacer(change...).Replace(string(text))), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// saidEverywhere reports whether each chat was told at least once.
func (p platforms) saidEverywhere(what string) bool {
	n := p.mentions(what)
	return !slices.ContainsFunc(everyChat, func(chat string) bool { return n[chat] == 0 })
}

// fileSize is in bytes, 0 for a file that is not there.
func fileSize(path ...string) int64 {
	info, err := os.Stat(filepath.Join(path...))
	if err != nil {
		return 0
	}
	return info.Size()
}
