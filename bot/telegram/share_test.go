package telegram_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/telegram/telegramtest"
)

// Of two bots that poll in turn, one alone obeys a command: how far it has read is known to the other before.
func TestACommandIsObeyedOnlyWhenTheOtherBotKnowsOfIt(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		var silent atomic.Bool
		var kept atomic.Value
		b.Keep = func(_ context.Context, key, value string) error {
			if silent.Load() {
				return errors.New("another bot speaks by now")
			}
			if len(b.asked()) > 0 && kept.Load() == nil {
				t.Error("the command was obeyed before the other bot knew of it")
			}
			kept.Store(key + " " + value)
			return nil
		}
		silent.Store(true)
		bottest.Listen(t, b)
		server.Say(private, 0, admin, "/help")
		time.Sleep(2 * time.Minute)
		if got := b.asked(); len(got) > 0 {
			t.Fatalf("obeyed %q while another bot speaks", got)
		}
		silent.Store(false)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := b.asked(); len(got) != 1 {
			t.Errorf("obeyed %q, want one command", got)
		}
		if got, _ := kept.Load().(string); !strings.HasPrefix(got, "telegram/updates/") {
			t.Errorf("the other bot knows %q", got)
		}
	})
}
