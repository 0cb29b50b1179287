package discord_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/discord"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

// deliver tries until the message is sent, waiting as long as a RetryAfterError says.
func deliver(t *testing.T, c *discord.Client, channel string, m msg.Message) {
	for {
		err := c.Send(t.Context(), channel, m)
		if err == nil {
			return
		}
		wait := time.Second
		if e, ok := errors.AsType[*msg.RetryAfterError](err); ok {
			wait = e.After
		}
		time.Sleep(wait)
	}
}

func TestR06RateLimitsAreObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		n := 0
		s.Script(func(q discordtest.Request) discordtest.Fault {
			n++
			switch n {
			case 40:
				return discordtest.RateLimit(376*time.Millisecond, "shared")
			case 120:
				return discordtest.RateLimit(64570*time.Millisecond, "global")
			}
			return nil
		})
		const each = 100
		var wg sync.WaitGroup
		for _, channel := range []string{discordtest.Channel, discordtest.Channel2} {
			wg.Go(func() {
				for i := range each {
					m := plain(fmt.Sprintf("message %d", i))
					m.Nonce = fmt.Sprintf("n%d", i)
					deliver(t, c, channel, m)
				}
			})
		}
		wg.Wait()
		got := map[string]int{}
		for _, m := range s.Messages() {
			if want := fmt.Sprintf("message %d", got[m.Channel]); m.Content != want {
				t.Fatalf("%s is %q, want %q", m.Channel, m.Content, want)
			}
			got[m.Channel]++
		}
		if got[discordtest.Channel] != each || got[discordtest.Channel2] != each {
			t.Errorf("delivered: %v", got)
		}
		refused := 0
		for _, q := range s.Requests(post) {
			if q.Status == 429 {
				refused++
			}
		}
		if refused != 2 {
			t.Errorf("%d × 429, want the two that were scripted", refused)
		}
		t.Attr("reached", fmt.Sprintf("%d of %d delivered, %d × 429", len(s.Messages()), 2*each, refused))
	})
}

func TestR06NothingIsAskedBeforeRetryAfterEnds(t *testing.T) {
	for scope, other := range map[string]string{"user": "sent", "global": "retry after 1m4.57s for the platform"} {
		t.Run(scope, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				s.Fail(post, 1, discordtest.RateLimit(64570*time.Millisecond, scope))
				_ = c.Send(t.Context(), discordtest.Channel, plain("a"))
				for range 64 { // an impatient caller
					if err := c.Send(t.Context(), discordtest.Channel, plain("a")); err == nil {
						t.Fatal("sent too early")
					}
					err := c.Send(t.Context(), discordtest.Channel2, plain("b"))
					if kind(err) != other && other == "sent" {
						t.Fatalf("the other channel: %v", err)
					}
					time.Sleep(time.Second * 58 / 64)
				}
				for _, q := range s.Requests("POST /channels/" + discordtest.Channel + "/messages")[1:] {
					t.Errorf("a request at %v", q.Time)
				}
				deliver(t, c, discordtest.Channel, plain("a"))
			})
		})
	}
}

func TestFiftyASecondForAllChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		s.Limit = 1000
		c := newClient(t, s)
		var wg sync.WaitGroup
		for n := range 20 {
			id := fmt.Sprintf("3000000000000001%02d", n)
			s.AddChannel(id, "x")
			wg.Go(func() {
				for range 10 {
					if err := c.Send(t.Context(), id, plain("a")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := len(s.Messages()); n != 200 {
			t.Errorf("%d of 200", n)
		}
	})
}

func TestR07InvalidRequestsStayRare(t *testing.T) {
	for name, fault := range map[string]discordtest.Fault{
		"401": discordtest.Refuse(401, 0, "401: Unauthorized"),
		"403": discordtest.Refuse(403, 50001, "Missing Access"),
		"404": discordtest.Refuse(404, 10003, "Unknown Channel"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				s.Fail(post, -1, fault)
				began := time.Now()
				for time.Since(began) < 24*time.Hour { // a caller that never gives up
					if err := c.Send(t.Context(), discordtest.Channel, plain("a")); kind(err) != "not sent" {
						t.Fatalf("the error is %v", err)
					}
					time.Sleep(5 * time.Second)
				}
				inTen, inDay := s.Invalid(10*time.Minute), len(s.Requests(post))
				if inTen > 10 {
					t.Errorf("%d invalid requests in 10 minutes, want 10 at most", inTen)
				}
				if inDay > 10+24*4 {
					t.Errorf("%d requests in a day, want a probe per 15 minutes", inDay)
				}
				t.Attr("reached", fmt.Sprintf("%d in 10 minutes, %d in a day", inTen, inDay))
				s.Heal()
				deliver(t, c, discordtest.Channel, plain("a"))
				if waited := time.Since(began) - 24*time.Hour; waited > 16*time.Minute {
					t.Errorf("healed, and found out only after %v", waited)
				}
			})
		})
	}
}

func TestR07DeadChannelHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		s.Deny(discordtest.Channel, discordtest.ViewChannel)
		for range 100 {
			if err := c.Send(t.Context(), discordtest.Channel, plain("a")); kind(err) != "not sent" {
				t.Fatalf("the dead one: %v", err)
			}
			if err := c.Send(t.Context(), discordtest.Channel2, plain("b")); err != nil {
				t.Fatalf("the other one: %v", err)
			}
		}
		if n := s.Invalid(time.Hour); n != 10 {
			t.Errorf("%d invalid requests, want 10", n)
		}
	})
}
