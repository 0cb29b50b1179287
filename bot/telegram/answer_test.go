package telegram_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestSlowAnswerHoldsUpNobodyElse(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		quick := b.Answer
		b.Answer = func(ctx context.Context, r msg.Request) msg.Message {
			if r.Chat == fmt.Sprint(group) {
				<-ctx.Done() // a minute
				return say("gave up")
			}
			return quick(ctx, r)
		}
		bottest.Listen(t, b)
		began := time.Now()
		server.Say(group, 0, admin, "/report")
		server.Say(private, 0, admin, "/status")
		if m := server.AwaitMessages(t, 1)[0]; m.Chat != private || m.Time.Sub(began) > time.Second {
			t.Errorf("first answered: %+v", m)
		}
		server.Await(t, 2*time.Minute, func() bool { return len(server.Messages()) == 2 })
		if took := time.Since(began); took > 61*time.Second {
			t.Errorf("an answer took %v", took)
		}
	})
}

func TestPanicCostsItsAnswerOnly(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		quick := b.Answer
		b.Answer = func(ctx context.Context, r msg.Request) msg.Message {
			if r.Text == "/ip secret" {
				panic(r.Text)
			}
			return quick(ctx, r)
		}
		bottest.Listen(t, b)
		for range 6 { // more than are answered at once
			server.Say(group, 0, admin, "/ip secret")
		}
		server.Say(group, 0, admin, "/status")
		if m := server.AwaitMessages(t, 1)[0]; m.Text != "you said /status" {
			t.Errorf("answered %q", m.Text)
		}
		if b.log.Count("panicked") != 6 || b.log.Count("secret") != 0 || b.log.Count(t.Name()) == 0 {
			t.Errorf("want the place, and not the words, in the log:\n%s", b.log)
		}
	})
}

func TestEmptyAnswerIsNotPosted(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		b.Answer = func(context.Context, msg.Request) msg.Message { return msg.Message{} }
		bottest.Listen(t, b)
		server.Say(group, 0, admin, "/report")
		time.Sleep(time.Minute)
		if n := len(server.Requests("sendMessage")); n != 0 {
			t.Errorf("%d posts", n)
		}
	})
}

// TestS04FloodOfCommandsLeavesRoomForAlerts lets a listed user type a thousand commands in ten seconds.
func TestS04FloodOfCommandsLeavesRoomForAlerts(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		bottest.Listen(t, b)
		time.Sleep(time.Second)
		for range 1000 {
			server.Say(group, 0, admin, "/report")
			time.Sleep(10 * time.Millisecond)
		}
		began := time.Now()
		if err := b.Send(t.Context(), fmt.Sprint(group), say("alert")); err != nil {
			t.Error(err)
		}
		took := time.Since(began)
		if took > 8*time.Second {
			t.Errorf("the alert waited %v", took)
		}
		time.Sleep(5 * time.Minute)
		n := len(b.asked())
		if n > 20 {
			t.Errorf("%d of 1000 answered", n)
		}
		t.Attr("reached", fmt.Sprintf("1000 commands in 10 s: %d answered, an alert waited %v",
			n, took.Round(time.Millisecond)))
		if n := b.log.Count("too many at once"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		if n := server.Early(); n != 0 {
			t.Errorf("%d early requests", n)
		}
	})
}

func TestAnswerIsTriedAgain(t *testing.T) {
	tests := map[string]struct {
		faults []telegramtest.Fault
		posts  int
		comes  bool
	}{
		"a hold of 20 s":       {[]telegramtest.Fault{telegramtest.RetryAfter(20 * time.Second)}, 2, true},
		"a hold of an hour":    {[]telegramtest.Fault{telegramtest.RetryAfter(time.Hour)}, 1, false},
		"a page of a proxy":    {[]telegramtest.Fault{telegramtest.Page(403), telegramtest.Page(407)}, 3, true},
		"kicked":               {[]telegramtest.Fault{telegramtest.Refuse(403, "Forbidden")}, 1, false},
		"what may be sent":     {[]telegramtest.Fault{telegramtest.Drop()}, 1, true},
		"what can not be sent": {[]telegramtest.Fault{telegramtest.Refuse(400, "Bad Request: no")}, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				server.Fail("sendMessage", test.faults...)
				bottest.Listen(t, b)
				server.Say(group, 0, admin, "/report")
				time.Sleep(2 * time.Minute)
				if n := len(server.Requests("sendMessage")); n != test.posts {
					t.Errorf("%d posts, want %d", n, test.posts)
				}
				if comes := len(server.Messages()) == 1; comes != test.comes {
					t.Errorf("arrived: %v, want %v", comes, test.comes)
				}
				if n := server.Early(); n != 0 {
					t.Errorf("%d early requests", n)
				}
			})
		})
	}
}
