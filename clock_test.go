package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

// bubble is the whole program under a clock of its own (testing/synctest), so that days pass in seconds. Its database
// and its file of bans are real; the platforms are in memory.
type bubble struct {
	*scene
	platforms
	wake func() // tells the bot that the file has grown
}

// underTheClock runs the test in a bubble, with such a configuration as among makes.
func underTheClock(t *testing.T, test func(*testing.T, *bubble), changes ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		both := platforms{telegramtest.InMemory(t), discordtest.InMemory(t)}
		test(t, &bubble{scene: among(t, both, changes...), platforms: both, wake: func() {}})
	})
}

// start starts the bot, and stop ends it as a service manager does.
func (b *bubble) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.t.Context()))
	w := world{
		dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(b.discord.URL(), address) {
				return b.discord.Dial(ctx, network, address)
			}
			return b.telegram.Dial(ctx, network, address)
		},
		watch: func(ctx context.Context, _ string, wake func()) error {
			b.wake = wake
			<-ctx.Done()
			return nil
		},
	}
	var running sync.WaitGroup
	running.Go(func() {
		if err := runBot(ctx, b.scene.config, false, streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}, w); err != nil {
			b.t.Errorf("the bot ended with %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); running.Wait(); b.wake = func() {} })
	b.t.Cleanup(stop)
	synctest.Wait()
	return stop
}

// among is a scene of both platforms in which 2001:db8::/32 is friendly, no source is ever silent and no digest comes.
// Changes to that come in pairs: what stands in withBoth, and what takes its place.
func among(t *testing.T, both platforms, changes ...string) *scene {
	t.Helper()
	s := newScene(t, strings.NewReplacer(append(changes,
		`"203.0.113.0/24"`, `"2001:db8::/32"`, `at = "00:00"`, `at = ""`, "[[source]]", "[[source]]\nsilent_after = \"0s\"",
		"[telegram]", "[telegram]\ntoken_file = \"$DIR/telegram.token\"", "[discord]", "[discord]\ntoken_file = \"$DIR/discord.token\"",
	)...).Replace(both.config()))
	for name, token := range map[string]string{"telegram.token": telegramtest.Token, "discord.token": discordtest.Token} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// ban appends the ban of friend i.
func (b *bubble) ban(i int) {
	b.append(ban(time.Now(), friend(i), "sshd", ""))
	b.wake()
}

// kept opens the database of a bot that does not run.
func (s *scene) kept() *store.Store {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), filepath.Join(s.dir, "state", "friendlyfire.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	return db
}

// eventually waits until ok holds, and fails the test when it does not within the time.
func eventually(t *testing.T, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v", within)
		}
	}
}

// brief is n, and less under -short, where the race detector makes everything slow.
func brief(less, n int) int {
	if testing.Short() && !long {
		return less
	}
	return n
}
