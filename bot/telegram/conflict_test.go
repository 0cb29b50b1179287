package telegram_test

import (
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram/telegramtest"
)

// Telegram answers 409 both while another program polls and while a webhook is set, and the cures differ.
func TestWebhookIsToldFromASecondProgram(t *testing.T) {
	const program, webhook = "another program polls", "a webhook is set"
	poll := func(text string) func(*telegramtest.Server) {
		return func(s *telegramtest.Server) {
			s.Script(func(q telegramtest.Request) telegramtest.Fault {
				if q.Method == "getUpdates" {
					return telegramtest.Refuse(409, text)
				}
				return nil
			})
		}
	}
	for name, test := range map[string]struct {
		harm          func(*telegramtest.Server)
		says, saysNot string
	}{
		"a webhook": {func(s *telegramtest.Server) { s.SetWebhook("https://bots.example/x") }, webhook, program},
		"a second program": {
			poll("Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"),
			program, webhook,
		},
		"a webhook is being set": {poll("Conflict: terminated by setWebhook request"), webhook, program},
		"a proxy": {func(s *telegramtest.Server) {
			s.Script(func(telegramtest.Request) telegramtest.Fault { return telegramtest.Page(409) })
		}, "status 409", program},
	} {
		t.Run(name, func(t *testing.T) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				b.Hearing = &msg.Hearing{}
				began := time.Now()
				test.harm(server)
				bottest.Listen(t, b)
				time.Sleep(150 * time.Minute)
				since, why := b.Hearing.Trouble()
				if !strings.Contains(why, test.says) || strings.Contains(why, test.saysNot) || since.Sub(began) > time.Minute {
					t.Errorf("since %v: %q, want %q", since.Sub(began), why, test.says)
				}
				if help := strings.Contains(why, "friendlyfire check --delete-webhook"); help != (test.says == webhook) {
					t.Errorf("the help is in %q: %v", why, help)
				}
				if n := b.log.Count(test.says); n != 3 || b.log.Count(test.saysNot) != 0 {
					t.Errorf("logged %d times in two and a half hours:\n%s", n, b.log)
				}
				server.Script(nil)
				server.SetWebhook("")
				server.Say(private, 0, admin, "/status")
				time.Sleep(2 * time.Minute)
				if since, why := b.Hearing.Trouble(); !since.IsZero() || len(server.Messages()) != 1 {
					t.Errorf("healed, and %q; %d answers", why, len(server.Messages()))
				}
			})
		})
	}
}
