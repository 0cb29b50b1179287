package acceptance

import (
	"sync/atomic"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// A chat that refuses everything, for whatever reason, costs no alert: all arrive when it accepts messages again.
func TestR30OnlyItsOwnFaultGivesAMessageUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		private, group telegramtest.Fault
		channel        discordtest.Fault
	}{
		"logged out, frozen, forum": {
			private: telegramtest.Refuse(400, "Bad Request: Logged out"),
			group:   telegramtest.Refuse(400, "Bad Request: FROZEN_METHOD_INVALID"),
			channel: discordtest.Refuse(400, 50008, "refused"),
		},
		"in no list": {
			private: telegramtest.Refuse(400, "Bad Request: message send failed"),
			group:   telegramtest.Refuse(400, "Bad Request: NEVER_SEEN_BEFORE"),
			channel: discordtest.Refuse(400, 987654, "refused"),
		},
		"archived, paid, a proxy": {
			private: telegramtest.Page(413),
			group:   telegramtest.Refuse(400, "Bad Request: ALLOW_PAYMENT_REQUIRED_5"),
			channel: discordtest.Refuse(403, 50083, "refused"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				var healed atomic.Bool
				s.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
					switch {
					case healed.Load() || q.Method != "sendMessage":
						return nil
					case q.Chat == 42:
						return tc.private
					}
					return tc.group
				})
				s.Discord.Script(func(q discordtest.Request) discordtest.Fault {
					if healed.Load() || q.Path != "/channels/"+discordtest.Channel+"/messages" {
						return nil
					}
					return tc.channel
				})
				stop := s.start()
				for i := range 30 {
					s.ban(i)
					time.Sleep(20 * time.Second)
				}
				time.Sleep(20 * time.Minute)
				if n := len(s.Posts()); n > 0 {
					t.Fatalf("%d messages arrived", n)
				}
				requests := len(s.Telegram.Requests("sendMessage")) + len(s.Discord.Requests("POST /channels/*/messages"))
				if requests > 3*20 {
					t.Errorf("%d requests in half an hour, in three chats that refuse everything", requests)
				}
				healed.Store(true)
				time.Sleep(16 * time.Minute)
				lost, repeated := s.LostAndRepeated(harness.AllChats, harness.Friends(30))
				if lost+repeated > 0 {
					t.Errorf("%d lost, %d repeated of 30 alerts in each of three chats", lost, repeated)
				}
				if n := len(s.Posts()); n > 40 {
					t.Errorf("%d messages: what waited is not packed", n)
				}
				t.Attr("reached", "30 bans while three chats refuse everything, then healed: 0 lost")
				t.Logf("%d requests while refused, %d messages in the end", requests, len(s.Posts()))
				stop()
			})
		})
	}
}
