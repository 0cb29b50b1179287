package telegram_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestR04LimitsAreHeldBeforeTelegramSaysNo(t *testing.T) {
	tests := map[string]struct {
		chats []int64
		each  int
		most  time.Duration // for all messages
	}{
		"a group":               {[]int64{group}, 143, 9 * time.Minute},
		"a person":              {[]int64{private}, 60, 64 * time.Second},
		"many groups at once":   {manyChats(-1001234500000, 80), 12, time.Minute},
		"many people at once":   {manyChats(5550000, 120), 6, 40 * time.Second},
		"one message in a chat": {[]int64{private}, 1, time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				began := time.Now()
				var sending sync.WaitGroup
				for _, chat := range test.chats {
					sending.Go(func() {
						for i := range test.each {
							err := c.Send(t.Context(), strconv.FormatInt(chat, 10), say(fmt.Sprint("message ", i)))
							if err != nil {
								t.Errorf("message %d to %d: %v", i, chat, err)
							}
						}
					})
				}
				sending.Wait()
				if took := time.Since(began); took > test.most {
					t.Errorf("took %v, want %v at most", took, test.most)
				}
				want := len(test.chats) * test.each
				messages, requests := len(server.Messages()), len(server.Requests())
				if messages != want || requests != want {
					t.Errorf("%d messages by %d requests, want %d by as many", messages, requests, want)
				}
				t.Attr("reached", fmt.Sprintf("%d messages by %d requests", messages, requests))
			})
		})
	}
}

func manyChats(first int64, n int) []int64 {
	chats := make([]int64, n)
	for i := range chats {
		chats[i] = first - int64(i)
	}
	return chats
}

func TestR04RetryAfterIsObeyed(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		const hold = 12_966 * time.Second
		server.Fail("sendMessage", telegramtest.RetryAfter(hold))
		began := time.Now()
		for time.Since(began) < hold {
			err := c.Send(t.Context(), "-1001234500001", say("x"))
			held, ok := errors.AsType[*msg.RetryAfterError](err)
			if !ok || held.Scope != msg.ThisChat {
				t.Fatalf("Send = %v, want a hold of the chat", err)
			}
			if left := hold - time.Since(began); held.After > left || held.After < left-time.Second {
				t.Fatalf("hold of %v, want %v", held.After, left)
			}
			time.Sleep(min(held.After, 17*time.Minute))
		}
		if err := c.Send(t.Context(), "5550001", say("elsewhere")); err != nil {
			t.Error(err)
		}
		if err := c.Send(t.Context(), "-1001234500001", say("x")); err != nil {
			t.Errorf("after the hold: %v", err)
		}
		if early, requests := server.Early(), len(server.Requests()); early != 0 || requests != 3 {
			t.Errorf("%d early of %d requests, want 0 of 3", early, requests)
		}
		t.Attr("reached", fmt.Sprintf("a hold of %v: %d requests before it ends", hold, server.Early()))
	})
}

func TestHoldOfOnePostIsEverybodys(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		if err := c.Send(t.Context(), "5550001", say("x")); err != nil {
			t.Fatal(err)
		}
		server.Fail("sendMessage", telegramtest.RetryAfter(time.Minute))
		var held atomic.Int32
		var sending sync.WaitGroup
		for range 5 {
			sending.Go(func() {
				if _, ok := errors.AsType[*msg.RetryAfterError](c.Send(t.Context(), "5550001", say("x"))); ok {
					held.Add(1)
				}
			})
		}
		sending.Wait()
		if requests := len(server.Requests()); held.Load() != 5 || requests != 2 {
			t.Errorf("%d held after %d requests, want 5 after 2", held.Load(), requests)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		for range 3 {
			if err := c.Send(t.Context(), "-1001234500001", say("x")); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		if _, ok := errors.AsType[*msg.NotSentError](c.Send(ctx, "-1001234500001", say("y"))); !ok {
			t.Error("given up while waiting is certainly not sent")
		}
		if n := len(server.Requests()); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
	})
}

func TestR07RefusalsAskForLongerPauses(t *testing.T) {
	for _, code := range []int{401, 403, 404} {
		inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
			server.Script(func(telegramtest.Request) telegramtest.Fault { return telegramtest.Refuse(code, "no") })
			began := time.Now()
			for time.Since(began) < 24*time.Hour {
				no, ok := errors.AsType[*msg.NotSentError](c.Send(t.Context(), "5550001", say("x")))
				if !ok || no.After == 0 {
					t.Fatalf("Send = %v, want a refusal with its pause", no)
				}
				time.Sleep(no.After)
			}
			early, all := 0, server.Requests()
			for _, q := range all {
				if q.Time.Sub(began) < 10*time.Minute {
					early++
				}
			}
			if early > 10 || len(all) > 4*24+5 {
				t.Errorf("%d: %d requests in ten minutes, %d in a day", code, early, len(all))
			}
			t.Attr("reached", fmt.Sprintf("%d: %d in ten minutes, %d in a day", code, early, len(all)))
			server.Script(nil)
			if err := c.Send(t.Context(), "5550001", say("healed")); err != nil {
				t.Error(err)
			}
			server.Fail("sendMessage", telegramtest.Refuse(code, "no"))
			no, _ := errors.AsType[*msg.NotSentError](c.Send(t.Context(), "5550001", say("x")))
			if no == nil || no.After != time.Minute {
				t.Errorf("after a delivery: %+v, want the shortest pause again", no)
			}
		})
	}
}
