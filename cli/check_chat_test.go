package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// A webhook keeps commands away and lets alerts pass: that is no second program, and check can delete it.
func TestCheckFindsTheWebhookAndDeletesIt(t *testing.T) {
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	both.Telegram.SetWebhook("https://bots.example/secret")
	out, _, code := s.Run("check")
	if code != 1 || !slices.Equal(found(out, "PROBLEM"), []string{"telegram"}) ||
		!strings.Contains(out, "commands go to bots.example") ||
		!strings.Contains(out, " check --delete-webhook\n") || strings.Contains(out, "secret") {
		t.Errorf("code %d: %s", code, out)
	}
	if both.Telegram.Webhook() == "" {
		t.Fatal("it is deleted unasked")
	}
	out, _, code = s.Run("check", "--delete-webhook")
	if code != 0 || !strings.Contains(out, "ok       telegram: no webhook is set any more\n") {
		t.Errorf("code %d: %s", code, out)
	}
	if hook := both.Telegram.Webhook(); hook != "" {
		t.Errorf("%q is set still", hook)
	}
}

// What only a post can show is a note, and settled by a post.
func TestCheckSendSettlesWhetherATopicIsOpen(t *testing.T) {
	for name, test := range map[string]struct {
		topic func(*telegramtest.Server)
		kind  string // with --send
		code  int
	}{
		"open":    {func(s *telegramtest.Server) { s.SetTopic(-1001, 45, false) }, "ok", 0},
		"closed":  {func(s *telegramtest.Server) { s.SetTopic(-1001, 45, true) }, "PROBLEM", 1},
		"missing": {func(*telegramtest.Server) {}, "PROBLEM", 1},
	} {
		t.Run(name, func(t *testing.T) {
			both := harness.OnLoopback(t)
			s := harness.NewChatScene(t, both)
			s.Reconfigure("chats = [-1001, 42]", `chats = ["-1001/45", 42]`)
			both.Telegram.SetChat(telegramtest.Chat{ID: -1001, Topics: true})
			test.topic(both.Telegram)
			out, _, code := s.Run("check")
			if !slices.Contains(found(out, "note"), "telegram -1001/45") || code != 0 {
				t.Errorf("code %d: %s", code, out)
			}
			out, _, code = s.Run("check", "--send")
			if !slices.Contains(found(out, test.kind), "telegram -1001/45") || code != test.code {
				t.Errorf("with --send, code %d: %s", code, out)
			}
		})
	}
}

// Chats that look alike and are not: every one is told apart, with what helps.
func TestCheckTellsWhyAlertsWouldNotArrive(t *testing.T) {
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	s.Reconfigure("chats = [-1001, 42]", `chats = ["-1001/45", -12345]`)
	both.Telegram.SetChat(telegramtest.Chat{ID: -12345, Type: "group", MovedTo: -1009})
	both.Discord.SetChannel(discordtest.Place{ID: discordtest.Channel, Name: "posts", Type: discordtest.Forum})
	out, _, code := s.Run("check", "--send")
	want := []string{"telegram -1001/45", "discord " + discordtest.Channel}
	if diff := cmp.Diff(want, found(out, "PROBLEM")); diff != "" || code != 1 {
		t.Errorf("code %d %s", code, diff)
	}
	for _, says := range []string{
		"PROBLEM  telegram -1001/45: the chat has no topics, and so no topic 45\n         Write -1001 in [telegram] chats",
		"note     telegram -12345: ", "has become the supergroup -1009", "Write -1009 in [telegram] chats",
		": a forum holds posts, and no messages of its own\n         Make a post there",
	} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is not in\n%s", says, out)
		}
	}
}
