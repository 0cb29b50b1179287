package discord_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

func TestS03StrangersGetNothing(t *testing.T) {
	for name, who := range map[string]discordtest.Ask{
		"stranger":        {Guild: discordtest.Guild, Channel: discordtest.Channel, User: discordtest.Stranger},
		"another channel": {Guild: discordtest.Guild, Channel: discordtest.Channel2, User: discordtest.User},
		"another server":  {Guild: "200000000000000009", Channel: discordtest.Channel, User: discordtest.User},
		"direct message":  {Channel: discordtest.Channel, User: discordtest.User},
		"a bot": {
			Guild: discordtest.Guild, Channel: discordtest.Channel, User: discordtest.User, Bot: true,
		},
		"nobody":               {Guild: discordtest.Guild, Channel: discordtest.Channel},
		"stranger, everywhere": {User: discordtest.Stranger},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				log := captureLog(t, c)
				var executed atomic.Int32
				c.Answer = func(context.Context, msg.Request) msg.Message { executed.Add(1); return plain("x") }
				bottest.Listen(t, c)
				s.AwaitListening(t)
				time.Sleep(time.Minute)
				before := len(s.Requests(""))
				for range 20 {
					for _, i := range []*discordtest.Interaction{
						s.Slash(who, "report"), s.Press(who, "/report country 7d"),
						s.Interact(who, 4, map[string]any{"name": "report"}),
						s.Interact(who, 5, map[string]any{"custom_id": "/report"}),
					} {
						synctest.Wait()
						if i.Touched() {
							t.Fatal("a stranger got an answer")
						}
					}
					time.Sleep(time.Second)
				}
				if n := len(s.Requests("")) - before; n != 0 || executed.Load() != 0 {
					t.Errorf("%d requests, %d executed, want none", n, executed.Load())
				}
				logged := log.Count("ignored")
				if logged > 1 {
					t.Errorf("logged %d times in 20 seconds", logged)
				}
				t.Attr("reached", fmt.Sprintf("80 attempts, %d executed, %d answers, logged %d times",
					executed.Load(), len(s.Requests(""))-before, logged))
			})
		})
	}
	t.Run("default", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := discordtest.InMemory(t)
			c := newClient(t, s)
			c.Allowed = nil
			bottest.Listen(t, c)
			s.AwaitListening(t)
			i := s.Slash(discordtest.Admin, "report")
			time.Sleep(time.Minute)
			if i.Touched() {
				t.Error("without Allowed somebody is heard")
			}
		})
	})
}

func TestAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		ask  func(*discordtest.Server) *discordtest.Interaction
		want string // "": none
	}{
		"bare":              {slash("report"), "/report"},
		"in our order":      {slash("report", "since", "7d", "by", "jail"), "/report jail 7d"},
		"one left out":      {slash("report", "since", "7d"), "/report 7d"},
		"free text":         {slash("ip", "address", " 192.0.2.1\n/x\u202e "), "/ip 192.0.2.1 /x"},
		"unknown option":    {slash("report", "colour", "red"), "/report"},
		"unknown command":   {slash("reboot"), ""},
		"button":            {press("/report country 7d"), "/report country 7d"},
		"no button of ours": {press("report"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				c.Answer = func(_ context.Context, r msg.Request) msg.Message {
					if r.Platform != "discord" || r.Chat != discordtest.Channel || r.User != discordtest.User {
						t.Errorf("the request is %+v", r)
					}
					time.Sleep(10 * time.Second) // longer than an undeferred answer may take
					return msg.Message{
						Text: msg.Text{{Text: r.Text, Style: msg.Code}}, Photo: []byte("png"),
						Buttons: [][]msg.Button{{{Label: "7 days", Command: "/report 7d"}}},
					}
				}
				bottest.Listen(t, c)
				s.AwaitListening(t)
				i := tc.ask(s)
				time.Sleep(time.Minute)
				answers := i.Answers()
				switch {
				case tc.want == "" && i.Touched():
					t.Error("answered")
				case tc.want == "":
				case len(answers) != 1:
					t.Errorf("%d answers, want 1", len(answers))
				case answers[0].Content != "`"+tc.want+"`" || string(answers[0].Photo) != "png" ||
					answers[0].Buttons[0][0].CustomID != "/report 7d":
					t.Errorf("the answer is %+v", answers[0])
				}
			})
		})
	}
}

func slash(name string, options ...string) func(*discordtest.Server) *discordtest.Interaction {
	return func(s *discordtest.Server) *discordtest.Interaction {
		return s.Slash(discordtest.Admin, name, options...)
	}
}

func press(id string) func(*discordtest.Server) *discordtest.Interaction {
	return func(s *discordtest.Server) *discordtest.Interaction { return s.Press(discordtest.Admin, id) }
}

func TestAnswersSurviveTrouble(t *testing.T) {
	const edit = "PATCH /webhooks/*/*/messages/*"
	fail := func(n int, fault discordtest.Fault) func(*discordtest.Server) {
		return func(s *discordtest.Server) { s.Fail(edit, n, fault) }
	}
	tooLong := strings.Repeat("a", 2001)
	for name, tc := range map[string]struct {
		harm   func(*discordtest.Server)
		answer func(context.Context, msg.Request) msg.Message
		want   string
	}{
		"panic":    {nil, func(context.Context, msg.Request) msg.Message { panic("CAN" + "NOT") }, "went wrong"},
		"too long": {nil, func(context.Context, msg.Request) msg.Message { return plain(tooLong) }, "went wrong"},
		"empty":    {nil, func(context.Context, msg.Request) msg.Message { return msg.Message{} }, "went wrong"},
		"photo": {nil, func(context.Context, msg.Request) msg.Message {
			return msg.Message{Text: plain("a").Text, Photo: make([]byte, 11<<20)}
		}, "a"},
		"502":         {fail(1, discordtest.Page(502)), nil, "answer to /report"},
		"lost":        {fail(1, discordtest.Drop()), nil, "answer to /report"},
		"429":         {fail(1, discordtest.RateLimit(20*time.Second, "user")), nil, "answer to /report"},
		"echo":        {fail(5, discordtest.Echo(403)), nil, "went wrong"},
		"hangs a bit": {fail(1, discordtest.Hang()), nil, "answer to /report"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				if tc.answer != nil {
					c.Answer = tc.answer
				}
				if tc.harm != nil {
					tc.harm(s)
				}
				bottest.Listen(t, c)
				s.AwaitListening(t)
				i := s.Slash(discordtest.Admin, "report")
				time.Sleep(2 * time.Minute)
				answers := i.Answers()
				if len(answers) == 0 || !strings.Contains(answers[len(answers)-1].Content, tc.want) {
					t.Errorf("the answers are %+v, want %q", answers, tc.want)
				}
			})
		})
	}
}

func TestS04FloodOfCommandsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		var now, most atomic.Int32
		c.Answer = func(context.Context, msg.Request) msg.Message {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(5 * time.Second)
			return plain("x")
		}
		bottest.Listen(t, c)
		s.AwaitListening(t)
		for range 1000 {
			s.Slash(discordtest.Admin, "report")
			time.Sleep(10 * time.Millisecond)
		}
		if err := c.Send(t.Context(), discordtest.Channel, plain("alert")); err != nil {
			t.Errorf("an alert meanwhile: %v", err)
		}
		time.Sleep(time.Minute)
		if n := most.Load(); n > 16 {
			t.Errorf("%d at once", n)
		}
		if m, err := answer(t, s.Slash(discordtest.Admin, "report")); err != nil || m.Content != "x" {
			t.Errorf("after the flood: %v, %+v", err, m)
		}
		t.Attr("reached", fmt.Sprintf(
			"1000 commands in 10 s: %d answers being made at once, an alert is sent meanwhile", most.Load()))
	})
}

func TestHostileInteractionsDoNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		bottest.Listen(t, newClient(t, s))
		s.AwaitListening(t)
		for kind := range 9 {
			for _, data := range []any{
				nil, 7, "x",
				[]any{},
				map[string]any{},
				map[string]any{"name": "report", "options": 3},
				map[string]any{"name": "report", "options": []any{nil}},
				map[string]any{"name": "report", "options": []any{map[string]any{"name": "by", "type": 4, "value": 3}}},
				map[string]any{"custom_id": strings.Repeat("/", 5000)},
			} {
				s.Interact(discordtest.Admin, kind, data)
			}
		}
		time.Sleep(time.Minute)
		if m, err := answer(t, s.Slash(discordtest.Admin, "report")); err != nil || m.Content != "answer to /report" {
			t.Errorf("afterwards: %v, %+v", err, fmt.Sprint(m))
		}
	})
}
