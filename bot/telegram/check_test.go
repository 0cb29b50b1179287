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
	type chat = telegramtest.Chat
	tests := map[string]struct {
		chat chat
		want string // part of the error; "" for none
	}{
		"a person":                   {chat{ID: private}, ""},
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
		"kicked":                   {chat{ID: group, Status: "kicked"}, "not in the chat"},
		"left":                     {chat{ID: group, Status: "left"}, "not in the chat"},
		"unknown":                  {chat{ID: group, Unknown: true}, "chat not found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				if !test.chat.Unknown {
					test.chat.Title = "Alex"
				}
				server.SetChat(test.chat)
				chat := "-1001234500001/45"
				if test.chat.ID == private {
					chat = "5550001"
				}
				title, err := c.CanPost(t.Context(), chat)
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
