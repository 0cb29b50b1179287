package discord_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

func TestListenOverSockets(t *testing.T) {
	s := discordtest.Start(t)
	c := newClient(t, s)
	bottest.Listen(t, c)
	s.AwaitListening(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	m, err := s.Slash(discordtest.Admin, "report", "since", "7d").Answer(ctx)
	if err != nil || m.Content != "answer to /report 7d" || !m.Deferred {
		t.Errorf("%v, %+v", err, m)
	}
}

func TestR08FatalCloseIsFinal(t *testing.T) {
	for _, after := range []string{"in place of READY", "after READY"} {
		for _, code := range []int{4004, 4010, 4011, 4012, 4013, 4014} {
			t.Run(fmt.Sprint(code, " ", after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := discordtest.InMemory(t)
					c := newClient(t, s)
					log := captureLog(t, c)
					c.Hearing = &msg.Hearing{}
					s.ScriptGateway(func() discordtest.Connection {
						if after == "after READY" {
							return discordtest.Connection{CloseReady: code}
						}
						return discordtest.Connection{Close: code}
					})
					bottest.Listen(t, c)
					time.Sleep(24 * time.Hour)
					if n := len(s.Dials()); n != 1 {
						t.Errorf("%d connections, want 1", n)
					}
					t.Attr("reached", fmt.Sprintf("%d reconnects in a day", len(s.Dials())-1))
					if _, why := c.Hearing.Trouble(); !strings.Contains(why, fmt.Sprint("close ", code)) {
						t.Errorf("commands are not heard because of %q", why)
					}
					if n := log.Count("does not let the bot in"); n != 1 {
						t.Errorf("logged %d times, want once", n)
					}
				})
			})
		}
	}
}

func TestR08IdentifyBudgetIsSafe(t *testing.T) {
	for name, meets := range map[string]discordtest.Connection{
		"READY, then drop":        {DropReady: true, ForgetsAll: true},
		"READY, then drop later":  {DropReady: true, DropAfter: 20 * time.Minute, ForgetsAll: true},
		"READY, then close":       {CloseReady: 4000, ForgetsAll: true},
		"invalid session":         {Invalid: true},
		"closed in READY's place": {Close: 4008},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				s.ScriptGateway(func() discordtest.Connection { return meets })
				bottest.Listen(t, newClient(t, s))
				time.Sleep(3 * 24 * time.Hour)
				n := mostInADay(s.Identifies())
				if n > 100 || n < 10 {
					t.Errorf("%d identifies in 24 hours, want 100 at most", n)
				}
				t.Attr("reached", fmt.Sprintf("%d identifies in 24 hours", n))
				s.ScriptGateway(nil)
				time.Sleep(25 * time.Hour)
				if !s.Listening() {
					t.Error("healed, and no connection")
				}
			})
		})
	}
}

func mostInADay(at []time.Time) int {
	most, first := 0, 0
	for i := range at {
		for at[i].Sub(at[first]) > 24*time.Hour {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestR08RestartsResume(t *testing.T) {
	for name, tc := range map[string]struct {
		meets discordtest.Connection
		most  int
	}{
		"session known":    {discordtest.Connection{}, 1},
		"session unknown":  {discordtest.Connection{ForgetsAll: true}, 100},
		"session unwanted": {discordtest.Connection{Invalid: true}, 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				s.ScriptGateway(func() discordtest.Connection { return tc.meets })
				c := newClient(t, s)
				for range 300 {
					stop := bottest.Listen(t, c)
					time.Sleep(15 * time.Second)
					stop()
				}
				n := len(s.Identifies())
				if n > tc.most || n == 0 {
					t.Errorf("%d identifies for 300 starts, want %d at most", n, tc.most)
				}
				t.Attr("reached", fmt.Sprintf("%d identifies for 300 starts", n))
				if n := len(s.Requests("PUT /applications/*/guilds/*/commands")); n > 1 {
					t.Errorf("commands registered %d times, want once", n)
				}
			})
		})
	}
}

func TestSessionOfAnotherTokenIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		const session = `{"id":"a","url":"","app":"","seq":7,"for":"another"}`
		if err := c.Store.SetValue(t.Context(), "discord/session", session); err != nil {
			t.Fatal(err)
		}
		bottest.Listen(t, c)
		s.AwaitListening(t)
		if n := len(s.Resumes()); n != 0 {
			t.Errorf("%d resumes, want none", n)
		}
	})
}

func TestR13GatewayHealsItself(t *testing.T) {
	for name, tc := range map[string]struct {
		harm, heal func(*discordtest.Server)
		within     time.Duration // after healing
		identifies int
	}{
		"cut":      {(*discordtest.Server).DropGateway, nil, 5 * time.Second, 1},
		"closed":   {func(s *discordtest.Server) { s.CloseGateway(4000) }, nil, 5 * time.Second, 1},
		"asked to": {(*discordtest.Server).AskReconnect, nil, 5 * time.Second, 1},
		"session expired": {
			func(s *discordtest.Server) { s.ForgetSessions(); s.CloseGateway(4009) }, nil, 15 * time.Second, 2,
		},
		"session lost": {
			func(s *discordtest.Server) { s.ForgetSessions(); s.DropGateway() }, nil, 15 * time.Second, 2,
		},
		"an hour of silence": {func(s *discordtest.Server) {
			s.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Silent: true} })
			s.DropGateway()
		}, func(s *discordtest.Server) { s.ScriptGateway(nil) }, 2 * time.Minute, 1},
		"an hour of 502": {func(s *discordtest.Server) {
			s.Fail("", -1, discordtest.Page(502))
			s.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Silent: true} })
			s.DropGateway()
		}, func(s *discordtest.Server) { s.Heal(); s.ScriptGateway(nil) }, 2 * time.Minute, 1},
		"an hour of dead connections": {func(s *discordtest.Server) {
			s.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{NoHeartbeats: true} })
			s.DropGateway()
		}, func(s *discordtest.Server) { s.ScriptGateway(nil) }, 5 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				bottest.Listen(t, newClient(t, s))
				s.AwaitListening(t)
				time.Sleep(time.Hour)
				synctest.Wait()
				before := runtime.NumGoroutine()
				tc.harm(s)
				if tc.heal != nil {
					time.Sleep(time.Hour)
					tc.heal(s)
				}
				time.Sleep(tc.within)
				synctest.Wait()
				if !s.Listening() {
					t.Error("healed, and no connection")
				}
				m, err := answer(t, s.Slash(discordtest.Admin, "report"))
				if err != nil || m.Content != "answer to /report" {
					t.Errorf("%v, %+v", err, m)
				}
				if n := len(s.Identifies()); n != tc.identifies {
					t.Errorf("%d identifies, want %d", n, tc.identifies)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if n := runtime.NumGoroutine(); n > before+8 {
					t.Errorf("%d goroutines, %d before", n, before)
				}
			})
		})
	}
}

func TestConnectionLastsForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		stop := bottest.Listen(t, newClient(t, s))
		time.Sleep(24 * time.Hour)
		s.AskHeartbeat()
		time.Sleep(24 * time.Hour)
		if n := len(s.Dials()); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
		began := time.Now()
		stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}

func TestMissedCommandIsHeardOnceAfterResuming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		stop := bottest.Listen(t, c)
		s.AwaitListening(t)
		first := s.Slash(discordtest.Admin, "report")
		if _, err := answer(t, first); err != nil {
			t.Fatal(err)
		}
		stop()
		time.Sleep(time.Minute)
		bottest.Listen(t, c)
		time.Sleep(time.Minute)
		if n := len(first.Answers()); n != 1 {
			t.Errorf("answered %d times, want once", n)
		}
		if n := len(s.Requests("POST /interactions/*/*/callback")); n != 1 {
			t.Errorf("%d callbacks, want 1", n)
		}
	})
}

func TestCommandsAreRegisteredWhenTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		s.Fail("PUT /applications/*/guilds/*/commands", 1, discordtest.Page(502))
		stop := bottest.Listen(t, c)
		time.Sleep(5 * time.Minute)
		stop()
		got := s.Commands()
		if len(got) != 2 || got[0].Name != "report" || len(got[0].Options) != 2 ||
			fmt.Sprint(got[0].Options[0].Choices) != "[{country country} {jail jail}]" || !got[1].Options[0].Required {
			t.Fatalf("registered: %+v", got)
		}
		c.Commands = c.Commands[:1]
		bottest.Listen(t, c) // resumes
		time.Sleep(time.Minute)
		if got := s.Commands(); len(got) != 1 {
			t.Errorf("registered: %+v", got)
		}
		requests := s.Requests("PUT /applications/*/guilds/*/commands")
		if n := len(requests); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
		for _, q := range requests {
			if bytes.Contains(q.Body, []byte("null")) {
				t.Errorf("null, which other servers of the protocol refuse: %s", q.Body)
			}
		}
	})
}

func TestGatewayMustBeSecure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		s.Fail("GET /gateway", -1, discordtest.Body(200, `{"url":"ws://gateway.example.org"}`))
		c := newClient(t, s)
		log := captureLog(t, c)
		bottest.Listen(t, c)
		time.Sleep(time.Hour)
		if n := len(s.Dials()); n != 0 || log.Count("not wss") == 0 {
			t.Errorf("%d connections, want none", n)
		}
	})
}

func TestWithoutGuildNothingIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		c.Guild = ""
		bottest.Listen(t, c)
		time.Sleep(time.Hour)
		if n := len(s.Requests("")) + len(s.Dials()); n != 0 {
			t.Errorf("%d requests and connections, want none", n)
		}
	})
}

func TestCheck(t *testing.T) {
	s := discordtest.Start(t)
	c := newClient(t, s)
	if name, err := c.Me(t.Context()); name != discordtest.BotName || err != nil {
		t.Errorf("Me: %q, %v", name, err)
	}
	for name, tc := range map[string]struct {
		channel string
		denied  int64
		want    string
	}{
		"may": {discordtest.Channel, 0, ""},
		"may not send": {
			discordtest.Channel, discordtest.SendMessages | discordtest.AttachFiles, "Send Messages, Attach Files",
		},
		"may not see": {discordtest.Channel, discordtest.ViewChannel, "Missing Access"},
		"no such":     {"300000000000000099", 0, "Unknown Channel"},
	} {
		s.Deny(discordtest.Channel, tc.denied)
		_, err := c.CanPost(t.Context(), tc.channel)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
