package telegram_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram/telegramtest"
)

// gaps are the times between the requests to a method.
func gaps(requests []telegramtest.Request) []time.Duration {
	var d []time.Duration
	for i := 1; i < len(requests); i++ {
		d = append(d, requests[i].Time.Sub(requests[i-1].Time))
	}
	return d
}

func TestR09SecondInstanceDoesNoHarm(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		server.Script(func(q telegramtest.Request) telegramtest.Fault {
			if q.Method == "getUpdates" {
				return telegramtest.Refuse(409, "Conflict: terminated by other getUpdates request")
			}
			return nil
		})
		bottest.Listen(t, b)
		for range 150 {
			if err := b.Send(t.Context(), "5550001", say("alert")); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
		}
		pauses := gaps(server.Requests("getUpdates"))
		for _, gap := range pauses {
			if gap < 30*time.Second {
				t.Errorf("asked again after %v", gap)
			}
		}
		if n := b.log.Count("not listening"); n != 3 {
			t.Errorf("told %d times in two and a half hours:\n%s", n, b.log)
		}
		server.Script(nil)
		server.Say(private, 0, admin, "/status")
		server.Await(t, time.Minute, func() bool { return len(server.Messages()) == 151 })
		synctest.Wait()
		if b.log.Count("listening again") != 1 {
			t.Error("not told that it is over")
		}
		t.Attr("reached", fmt.Sprintf(
			"2 h 30 min of 409: %d alerts of 150 sent, polls %v apart at least, told %d times",
			len(server.Messages())-1, slices.Min(pauses).Round(time.Second), b.log.Count("not listening")))
	})
}

// TestR09TwoInstances runs two clients that poll with the same token.
func TestR09TwoInstances(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, first *testBot) {
		second := newTestBot(t, server)
		bottest.Listen(t, first.Client)
		bottest.Listen(t, second.Client)
		time.Sleep(10 * time.Minute)
		if n := len(server.Requests("getUpdates")); n > 60 {
			t.Errorf("%d polls in ten minutes", n)
		}
		if n := first.log.Count("not listening") + second.log.Count("not listening"); n == 0 || n > 2 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestR07RevokedTokenIsProbedSlowly(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		b.Commands = []msg.Command{{Name: "report", Description: "a chart"}}
		server.Script(func(telegramtest.Request) telegramtest.Fault { return telegramtest.Refuse(401, "Unauthorized") })
		bottest.Listen(t, b)
		began := time.Now()
		time.Sleep(24 * time.Hour)
		all := server.Requests()
		early := slices.IndexFunc(all, func(q telegramtest.Request) bool { return q.Time.Sub(began) > 10*time.Minute })
		if early > 10 || len(all) > 4*24+5 {
			t.Errorf("%d requests in ten minutes, %d in a day", early, len(all))
		}
		t.Attr("reached", fmt.Sprintf("%d requests in ten minutes, %d in a day", early, len(all)))
		server.Script(nil)
		server.Await(t, 16*time.Minute, func() bool { return len(server.Commands()) == 1 })
	})
}

func TestR13OutagesHealByThemselves(t *testing.T) {
	tests := map[string]telegramtest.Fault{
		"cut": telegramtest.Cut(), "hang": telegramtest.Hang(), "drip": telegramtest.Drip(),
		"502": telegramtest.Page(502), "captive portal": telegramtest.Redirect("http://127.0.0.1:2/"),
		"429": telegramtest.RetryAfter(40 * time.Second),
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				bottest.Listen(t, b)
				server.Say(private, 0, admin, "/status")
				server.AwaitMessages(t, 1)
				time.Sleep(time.Minute)
				goroutines := runtime.NumGoroutine()

				server.Script(func(telegramtest.Request) telegramtest.Fault { return fault })
				time.Sleep(time.Hour)
				if n := runtime.NumGoroutine(); n > goroutines+10 {
					t.Errorf("%d goroutines, %d before", n, goroutines)
				}
				if n := len(server.Requests("getUpdates")); n > 140 {
					t.Errorf("%d polls in an hour", n)
				}
				if n := b.log.Count("not listening"); n == 0 || n > 2 {
					t.Errorf("told %d times", n)
				}
				server.Script(nil)
				server.Say(private, 0, admin, "/status")
				server.Await(t, 2*time.Minute, func() bool { return len(server.Messages()) >= 2 })
			})
		})
	}
}

func TestCommandsAreListedInTheEnd(t *testing.T) {
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		b.Commands = []msg.Command{{Name: "report", Description: "a chart"}}
		server.Fail("setMyCommands",
			telegramtest.Page(502), telegramtest.Cut(), telegramtest.Hang(), telegramtest.RetryAfter(3*time.Second))
		bottest.Listen(t, b)
		server.Say(private, 0, admin, "/status")
		server.AwaitMessages(t, 1) // commands are answered meanwhile
		server.Await(t, 10*time.Minute, func() bool { return len(server.Commands()) == 1 })
	})
}

func TestListenEndsAtOnce(t *testing.T) {
	tests := map[string]telegramtest.Fault{
		"while polling": nil, "while hanging": telegramtest.Hang(), "between attempts": telegramtest.Page(502),
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
				server.Script(func(telegramtest.Request) telegramtest.Fault { return fault })
				stop := bottest.Listen(t, b)
				time.Sleep(10 * time.Minute)
				began := time.Now()
				stop()
				if took := time.Since(began); took > 0 {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}
