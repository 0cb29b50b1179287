package telegram_test

import (
	"strings"
	"testing"

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
	tests := map[string]struct {
		chat telegramtest.Chat
		want string // part of the error; "" for none
	}{
		"a person":                       {telegramtest.Chat{ID: private, Title: "Alex"}, ""},
		"member":                         {telegramtest.Chat{ID: group, Title: "Alex"}, ""},
		"administrator":                  {telegramtest.Chat{ID: group, Title: "Alex", Status: "administrator", NoText: true}, ""},
		"administrator of a channel":     {telegramtest.Chat{ID: group, Title: "Alex", Status: "administrator", Type: "channel"}, ""},
		"reader of a channel":            {telegramtest.Chat{ID: group, Title: "Alex", Type: "channel"}, "no administrator"},
		"without the right to a channel": {telegramtest.Chat{ID: group, Title: "Alex", Status: "administrator", Type: "channel", NoText: true}, "may not post"},
		"no text":                        {telegramtest.Chat{ID: group, Title: "Alex", NoText: true}, "may not post"},
		"no pictures":                    {telegramtest.Chat{ID: group, Title: "Alex", NoPhotos: true}, "pictures"},
		"restricted":                     {telegramtest.Chat{ID: group, Title: "Alex", Status: "restricted"}, ""},
		"restricted from pictures":       {telegramtest.Chat{ID: group, Title: "Alex", Status: "restricted", NoPhotos: true}, "pictures"},
		"kicked":                         {telegramtest.Chat{ID: group, Title: "Alex", Status: "kicked"}, "not in the chat"},
		"left":                           {telegramtest.Chat{ID: group, Title: "Alex", Status: "left"}, "not in the chat"},
		"unknown":                        {telegramtest.Chat{ID: group, Unknown: true}, "chat not found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				server.SetChat(test.chat)
				chat := "-1001234500001/45"
				if test.chat.ID == private {
					chat = "5550001"
				}
				title, err := c.CanPost(t.Context(), chat)
				if title != test.chat.Title {
					t.Errorf("title %q, want %q", title, test.chat.Title)
				}
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("CanPost = %v, want %q", err, test.want)
				}
			})
		})
	}
}
