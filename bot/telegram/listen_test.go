package telegram_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

// testBot is a client that answers the commands of one administrator in two chats by repeating them.
type testBot struct {
	*telegram.Client
	log *bottest.LogCapture

	mu    sync.Mutex
	heard []msg.Request
}

func newTestBot(t *testing.T, server *telegramtest.Server) *testBot {
	t.Helper()
	b := &testBot{Client: newClient(t, server), log: bottest.NewLogCapture(t)}
	b.Log, b.Store = b.log.Logger(), bottest.OpenStore(t)
	b.Allowed = func(r msg.Request) bool {
		chat, _, _ := strings.Cut(r.Chat, "/")
		return slices.Contains([]string{fmt.Sprint(group), fmt.Sprint(private)}, chat) && r.User == fmt.Sprint(admin)
	}
	b.Answer = func(_ context.Context, r msg.Request) msg.Message {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard = append(b.heard, r)
		return say("you said " + r.Text)
	}
	return b
}

// asked returns the commands so far.
func (b *testBot) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	texts := make([]string, len(b.heard))
	for i, r := range b.heard {
		texts[i] = r.Text
	}
	return texts
}

// withBot runs a test in a synctest bubble, with a server in memory and its bot.
func withBot(t *testing.T, test func(*testing.T, *telegramtest.Server, *testBot)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := telegramtest.InMemory(t)
		test(t, server, newTestBot(t, server))
	})
}

func TestCommandsAreAnsweredWhereTheyWereAsked(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		b.Commands = []msg.Command{
			{Name: "report", Description: "A fresh chart"}, {Name: "help", Description: "What I know"},
		}
		bottest.Listen(t, b)
		server.Say(group, 0, admin, "/report country 7d")
		server.Say(group, 45, admin, "/Report@"+strings.ToUpper(telegramtest.BotName)+"\tjail")
		server.Say(private, 0, admin, "/help")
		server.Press(group, 45, admin, "/report jail 30d")
		server.AwaitMessages(t, 4)
		synctest.Wait()
		var got []string
		for _, m := range server.Messages() {
			got = append(got, fmt.Sprintf("%d/%d %s", m.Chat, m.Thread, m.Text))
		}
		slices.Sort(got)
		want := []string{
			"-1001234500001/0 you said /report country 7d", "-1001234500001/45 you said /Report\tjail",
			"-1001234500001/45 you said /report jail 30d", "5550001/0 you said /help",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
		if q := server.Requests("answerCallbackQuery"); len(q) != 1 || q[0].Status != 200 {
			t.Errorf("the press was noticed by %v", q)
		}
		if c := server.Commands(); len(c) != 2 || c[0].Command != "report" || c[0].Description != "A fresh chart" {
			t.Errorf("commands listed: %v", c)
		}
	})
}

func TestS03NobodyElseIsHeard(t *testing.T) {
	tooOld := time.Date(1999, 12, 31, 23, 49, 0, 0, time.UTC).Unix() // the bubble begins at midnight
	edits := map[string]map[string]any{
		"forwarded":               {"forward_origin": map[string]any{"type": "user"}},
		"forwarded, older server": {"forward_date": 1},
		"anonymous administrator": {"sender_chat": map[string]any{"id": group}},
		"in a channel's name":     {"sender_chat": map[string]any{"id": -100777}},
		"a bot":                   {"from": map[string]any{"id": admin, "is_bot": true}},
		"through another bot":     {"via_bot": map[string]any{"id": 5, "is_bot": true}},
		"nobody":                  {"from": nil},
		"too old":                 {"date": tooOld},
		"another chat":            {"chat": map[string]any{"id": -100999}},
		"another topic's number":  {"chat": map[string]any{"id": 45}},
	}
	const longer = "/report@" + telegramtest.BotName + "x"
	tests := map[string]func(*telegramtest.Server){
		"a stranger":                 func(s *telegramtest.Server) { s.Say(stranger, 0, stranger, "/report") },
		"a member who is not listed": func(s *telegramtest.Server) { s.Say(group, 0, stranger, "/report") },
		"a listed user elsewhere":    func(s *telegramtest.Server) { s.Say(-100999, 0, admin, "/report") },
		"for another bot":            func(s *telegramtest.Server) { s.Say(group, 0, admin, "/report@other_bot") },
		"for a bot named longer":     func(s *telegramtest.Server) { s.Say(group, 0, admin, longer) },
		"no command":                 func(s *telegramtest.Server) { s.Say(group, 0, admin, "report /report") },
		"another's press":            func(s *telegramtest.Server) { s.Press(group, 0, stranger, "/report") },
		"a press elsewhere":          func(s *telegramtest.Server) { s.Press(-100999, 0, admin, "/report") },
		"a press of no command":      func(s *telegramtest.Server) { s.Press(group, 0, admin, "report") },
		"a press under no message": func(s *telegramtest.Server) {
			s.Push("callback_query", map[string]any{"id": "1", "from": map[string]any{"id": admin}, "data": "/report"})
		},
		"a bot's press": func(s *telegramtest.Server) {
			s.Push("callback_query", map[string]any{
				"id": "1", "from": map[string]any{"id": admin, "is_bot": true}, "data": "/report",
				"message": map[string]any{"chat": map[string]any{"id": group}},
			})
		},
	}
	for _, kind := range []string{
		"edited_message", "channel_post", "edited_channel_post", "business_message", "inline_query", "my_chat_member",
	} {
		tests[kind] = func(s *telegramtest.Server) {
			s.Push(kind, map[string]any{
				"date": time.Now().Unix(), "text": "/report",
				"chat": map[string]any{"id": group}, "from": map[string]any{"id": admin},
			})
		}
	}
	for name, change := range edits {
		tests[name] = func(s *telegramtest.Server) { s.Edit(group, admin, "/report secret", change) }
	}
	for name, attempt := range tests {
		t.Run(name, func(t *testing.T) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				for range 30 {
					attempt(server)
				}
				bottest.Listen(t, b)
				time.Sleep(5 * time.Second)
				for range 30 {
					attempt(server)
					time.Sleep(time.Second)
				}
				if n := len(b.asked()); n != 0 {
					t.Errorf("executed %d times", n)
				}
				t.Attr("reached", fmt.Sprintf("60 attempts, %d executed, logged %d times in a minute",
					len(b.asked()), b.log.Count("command ignored")))
				if q := server.Requests("sendMessage", "sendPhoto", "answerCallbackQuery"); len(q) != 0 {
					t.Errorf("reacted: %v", q)
				}
				if n := server.Pending(); n != 0 {
					t.Errorf("%d updates left", n)
				}
				if n := b.log.Count("command ignored"); n > 1 {
					t.Errorf("logged %d times in a minute:\n%s", n, b.log)
				}
				if b.log.Count("secret") != 0 {
					t.Errorf("the log tells what was said:\n%s", b.log)
				}
			})
		})
	}
}

func TestS03NobodyAtAllByDefault(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		b.Allowed = nil
		bottest.Listen(t, b)
		server.Say(group, 0, admin, "/report")
		time.Sleep(time.Minute)
		if len(b.asked()) != 0 || len(server.Messages()) != 0 {
			t.Error("heard")
		}
	})
}

func TestPressThatIsTooOldIsNotAnswered(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		server.Press(group, 0, admin, "/report old")
		time.Sleep(10 * time.Minute)
		bottest.Listen(t, b)
		server.Press(group, 0, admin, "/report new")
		server.AwaitMessages(t, 1)
		if got := b.asked(); !slices.Equal(got, []string{"/report new"}) {
			t.Errorf("answered %q", got)
		}
	})
}

func TestUpdatesAreHeardOnce(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		var want []string
		for i := range 20 {
			stop := bottest.Listen(t, b)
			want = append(want, fmt.Sprint("/report ", i))
			server.Say(group, 0, admin, want[i])
			server.AwaitMessages(t, i+1)
			stop() // before the update is confirmed to Telegram
		}
		if got := b.asked(); !slices.Equal(got, want) {
			t.Errorf("heard %q", got)
		}
	})
}

func TestUpdateThatComesAgainIsNotHeardAgain(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		again := telegramtest.Body(200, fmt.Sprintf(`{"ok":true,"result":[{"update_id":8,"message":
			{"date":%d,"chat":{"id":%d},"from":{"id":%d},"text":"/report"}}]}`, time.Now().Unix(), group, admin))
		for range 3 {
			server.Fail("getUpdates", again)
		}
		bottest.Listen(t, b)
		time.Sleep(time.Minute)
		if n := len(b.asked()); n != 1 {
			t.Errorf("heard %d times", n)
		}
	})
}

func TestOneUnreadableUpdateIsSkipped(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		server.Say(group, 0, admin, "/report 1")
		id := server.Push("message", "broken secret")
		server.Push("callback_query", []int{1})
		server.Push("message", map[string]any{"chat": "secret"})
		server.Say(group, 0, admin, "/report 2")
		bottest.Listen(t, b)
		server.AwaitMessages(t, 2)
		time.Sleep(2 * time.Minute)
		if got := b.asked(); !slices.Equal(got, []string{"/report 1", "/report 2"}) {
			t.Errorf("heard %q", got)
		}
		if b.log.Count(fmt.Sprint("update=", id)) != 1 || b.log.Count("secret") != 0 {
			t.Errorf("log:\n%s", b.log)
		}
		if n := server.Pending(); n != 0 {
			t.Errorf("%d updates left", n)
		}
	})
}

func TestIdsThatBeginAnewAreHeard(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		stop := bottest.Listen(t, b)
		first := server.Say(group, 0, admin, "/report 1")
		server.AwaitMessages(t, 1)
		stop()
		time.Sleep(8 * 24 * time.Hour)
		bottest.Listen(t, b)
		time.Sleep(time.Minute)
		if second := server.Say(group, 0, admin, "/report 2"); second > first {
			t.Fatalf("id %d follows %d", second, first)
		}
		server.AwaitMessages(t, 2)
	})
}

func TestIdlePollingIsRareAndWritesNothing(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		bottest.Listen(t, b)
		time.Sleep(time.Hour)
		if n := len(server.Requests()); n > 75 {
			t.Errorf("%d requests an hour", n)
		}
		// A server that never waits is asked once a second.
		server.Script(func(telegramtest.Request) telegramtest.Fault {
			return telegramtest.Body(200, `{"ok":true,"result":[]}`)
		})
		before := len(server.Requests())
		time.Sleep(time.Minute)
		if n := len(server.Requests()) - before; n > 61 {
			t.Errorf("%d requests a minute", n)
		}
		key := "telegram/updates/" + fmt.Sprint(telegramtest.BotID)
		if v, err := b.Store.Value(t.Context(), key); v != "" || err != nil {
			t.Errorf("kept %q, %v", v, err)
		}
	})
}
