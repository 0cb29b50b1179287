package acceptance

import (
	"fmt"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
)

// What a simulation cannot show: the process itself, and a clock that is set while it runs.

func inDays(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func TestR31ProcessWithItsClockAheadDeletesNothing(t *testing.T) {
	for _, days := range []int{10, 400, 800} {
		t.Run(fmt.Sprint(days, " days"), func(t *testing.T) {
			t.Parallel()
			both := harness.OnLoopback(t)
			s := harness.NewChatScene(t, both)
			p := s.Start()
			s.Ban(harness.Friend(1))
			both.Await(t, harness.Alert(harness.Friend(1)), 1)
			p.Stop()

			p, _ = s.StartShifted(inDays(days))
			both.Await(t, fmt.Sprintf("%d days ahead of", days), 1)
			s.Append(harness.BanRow(time.Now().Add(inDays(days)), harness.Friend(2), "sshd", ""))
			both.Await(t, harness.Alert(harness.Friend(2)), 1)
			p.Stop()
			if n := addressesOf(t, s.Database); n != 2 {
				t.Errorf("%d addresses, want 2", n)
			}
		})
	}
}

func TestR31ClockSetUnderTheProcessSilencesNobody(t *testing.T) {
	for _, step := range []time.Duration{inDays(-1), -2 * time.Hour, 2 * time.Hour, inDays(1)} {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			both := harness.OnLoopback(t)
			for range 2 {
				both.Telegram.Fail("sendMessage", telegramtest.Page(502))
			}
			s := harness.NewChatScene(t, both)
			p, clock := s.StartShifted(0)
			s.Ban(harness.Friend(1))
			harness.Await(t, time.Minute, "a failure in both chats", func() bool {
				return len(both.Telegram.Requests("sendMessage")) >= 2
			})
			clock.Set(step)
			set := time.Now()
			both.Await(t, harness.Alert(harness.Friend(1)), 1)
			if late := time.Since(set); late > 10*time.Second {
				t.Errorf("the alert came %v after the clock was set", late)
			}
			p.Stop()
		})
	}
}

func TestR31ProcessWithItsClockElsewhereGivesNothingUp(t *testing.T) {
	for _, days := range []int{-10, 10} {
		t.Run(fmt.Sprint(days, " days"), func(t *testing.T) {
			t.Parallel()
			both := harness.OnLoopback(t)
			down := true
			both.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
				if down && q.Method == "sendMessage" {
					return telegramtest.Page(502)
				}
				return nil
			})
			s := harness.NewChatScene(t, both)
			p := s.Start()
			s.Ban(harness.Friend(1))
			tried := func() int { return len(both.Telegram.Requests("sendMessage")) }
			harness.Await(t, time.Minute, "an attempt", func() bool { return tried() > 0 })
			p.Stop()

			before := tried()
			p, _ = s.StartShifted(inDays(days))
			harness.Await(t, 30*time.Second, "an attempt with the other clock", func() bool { return tried() > before })
			both.Telegram.Script(nil)
			both.Await(t, harness.Alert(harness.Friend(1)), 1)
			p.Stop()
		})
	}
}
