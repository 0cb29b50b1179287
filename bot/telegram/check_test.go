package telegram_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestMe(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		if name, err := c.Me(t.Context()); name != telegramtest.BotName || err != nil {
			t.Errorf("Me = %q, %v", name, err)
		}
		server.Fail("getMe", telegramtest.Refuse(401, "Unauthorized"))
		if _, err := c.Me(t.Context()); err == nil || err.Error() != "getMe: status 401: Unauthorized" {
			t.Errorf("Me = %v", err)
		}
	})
}

func TestCanPost(t *testing.T) {
	type chat = telegramtest.Chat
	tests := map[string]struct {
		chat chat
		want string // part of the error; "" for none
	}{
		"a person":                   {chat{ID: private}, ""},
		"a person who blocks":        {chat{ID: private, Status: "kicked"}, "blocked by the user"},
		"member":                     {chat{ID: group}, ""},
		"administrator":              {chat{ID: group, Status: "administrator", NoText: true}, ""},
		"administrator of a channel": {chat{ID: group, Status: "administrator", Type: "channel"}, ""},
		"reader of a channel":        {chat{ID: group, Type: "channel"}, "no administrator"},
		"without the right to a channel": {
			chat{ID: group, Status: "administrator", Type: "channel", NoText: true}, "may not post",
		},
		"no text":                  {chat{ID: group, NoText: true}, "may not post"},
		"no pictures":              {chat{ID: group, NoPhotos: true}, "pictures"},
		"restricted":               {chat{ID: group, Status: "restricted"}, ""},
		"restricted from pictures": {chat{ID: group, Status: "restricted", NoPhotos: true}, "pictures"},
		"restricted, and nobody may": {
			chat{ID: group, Status: "restricted", NobodyMay: true}, "may not post",
		},
		"restricted, and left": {chat{ID: group, Status: "restricted", Left: true}, "not in the chat"},
		"kicked":               {chat{ID: group, Status: "kicked"}, "not in the chat"},
		"left":                 {chat{ID: group, Status: "left"}, "not in the chat"},
		"unknown":              {chat{ID: group, Unknown: true}, "chat not found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				if !test.chat.Unknown {
					test.chat.Title = "Alex"
				}
				server.SetChat(test.chat)
				chat := "-1001234500001"
				if test.chat.ID == private {
					chat = "5550001"
				}
				title, err := c.CanPost(t.Context(), chat)
				title, hint, named := strings.Cut(title, " (commands there name the bot: ")
				if ordinary := test.want == "" && test.chat.ID == group && test.chat.Status != "administrator"; named !=
					ordinary || named && hint != "/report@"+telegramtest.BotName+")" {
					t.Errorf("how commands are written there: %q", hint)
				}
				if title != test.chat.Title {
					t.Errorf("title %q, want %q", title, test.chat.Title)
				}
				if test.want == "" && err != nil ||
					test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("CanPost = %v, want %q", err, test.want)
				}
			})
		})
	}
}

func TestCheckKnowsTopics(t *testing.T) {
	for name, test := range map[string]struct {
		chat   telegramtest.Chat
		topic  string
		want   string // part of the error; "" for none
		unsure bool
	}{
		"a topic":                    {telegramtest.Chat{Topics: true}, "/45", "topic 45 exists and is open", true},
		"General":                    {telegramtest.Chat{Topics: true}, "", "General is open", true},
		"General, as administrator":  {telegramtest.Chat{Topics: true, Status: "administrator"}, "", "", false},
		"a topic, as administrator":  {telegramtest.Chat{Topics: true, Status: "administrator"}, "/45", "topic 45", true},
		"General by its number":      {telegramtest.Chat{Topics: true}, "/1", "no number", false},
		"a topic of no forum":        {telegramtest.Chat{}, "/45", "no topic 45", false},
		"a topic of a group":         {telegramtest.Chat{Type: "group"}, "/45", "no topic 45", false},
		"no rights come before that": {telegramtest.Chat{Topics: true, NoText: true}, "/45", "may not post", false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				test.chat.ID = group
				server.SetChat(test.chat)
				_, err := c.CanPost(t.Context(), fmt.Sprint(group)+test.topic)
				e, _ := errors.AsType[*msg.ReachError](err)
				if test.want == "" && err != nil || test.want != "" &&
					(e == nil || !strings.Contains(e.Reason, test.want) || e.Advice == "" || e.Unsure != test.unsure) {
					t.Errorf("CanPost = %+v, want %q", err, test.want)
				}
				if n := len(server.Messages()); n != 0 {
					t.Errorf("%d messages posted", n)
				}
			})
		})
	}
}

// getChat knows an old group still, and getChatMember says what has become of it.
func TestCheckNamesTheSupergroup(t *testing.T) {
	const old = -12345
	for name, test := range map[string]struct {
		now   telegramtest.Chat
		want  string
		minor bool
	}{
		"messages go there": {telegramtest.Chat{}, "the supergroup -1001234500001, where messages go", true},
		"the bot may not":   {telegramtest.Chat{NoText: true}, "-1001234500001: the bot may not post", false},
		"the bot is out":    {telegramtest.Chat{Status: "kicked"}, "-1001234500001: the bot is not in the chat", false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				server.SetChat(telegramtest.Chat{ID: old, Type: "group", MovedTo: group})
				test.now.ID = group
				server.SetChat(test.now)
				_, err := c.CanPost(t.Context(), fmt.Sprint(old))
				e, ok := errors.AsType[*msg.ReachError](err)
				if !ok || !strings.Contains(e.Reason, test.want) || e.Minor != test.minor ||
					e.Advice != "Write -1001234500001 in [telegram] chats, in place of -12345." {
					t.Errorf("CanPost = %+v, want %q", err, test.want)
				}
			})
		})
	}
}

func TestCheckKnowsTheWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		if err := c.CheckCommands(t.Context()); err != nil {
			t.Errorf("without a webhook: %v", err)
		}
		server.SetWebhook("https://bots.example/secret-path")
		err := c.CheckCommands(t.Context())
		e, ok := errors.AsType[*msg.ReachError](err)
		if !ok || !e.Minor || !strings.Contains(e.Reason, "bots.example") || strings.Contains(e.Reason, "secret") ||
			!strings.Contains(e.Advice, "friendlyfire check --delete-webhook") {
			t.Errorf("with one: %+v", err)
		}
		if err := c.DeleteWebhook(t.Context()); err != nil || server.Webhook() != "" {
			t.Errorf("%v, the webhook is now %q", err, server.Webhook())
		}
		if err := c.DeleteWebhook(t.Context()); err != nil {
			t.Errorf("a second time: %v", err)
		}
	})
}
