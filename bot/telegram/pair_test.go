package telegram_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

const code = "123456"

// pair waits for the code. It returns its attempt, all attempts, and the error.
func pair(
	ctx context.Context, c *telegram.Client, ready func(),
) (found msg.PairAttempt, heard []msg.PairAttempt, err error) {
	found, err = c.Pair(ctx, func(msg.Self) { ready() }, func(a msg.PairAttempt) bool {
		heard = append(heard, a)
		return a.Code == code && a.Unfit == ""
	})
	return found, heard, err
}

func TestPairHearsACode(t *testing.T) {
	const me = "@" + telegramtest.BotName
	tests := map[string]struct {
		chat, thread int64
		text         string
		want         string // the chat of the attempt
	}{
		"alone":                   {private, 0, code, "5550001"},
		"in two halves":           {private, 0, "123 456 ", "5550001"},
		"link to the bot":         {private, 0, "/start " + code, "5550001"},
		"command":                 {private, 0, "/pair " + code, "5550001"},
		"link to a group":         {group, 0, "/start" + me + " " + code, "-1001234500001"},
		"command in a group":      {group, 0, "/pair" + me + " " + code, "-1001234500001"},
		"command in other case":   {group, 0, "/pair" + strings.ToUpper(me) + " " + code, "-1001234500001"},
		"bare command in group":   {group, 0, "/pair " + code, "-1001234500001"},
		"mention in a group":      {group, 0, me + " " + code, "-1001234500001"},
		"command in a topic":      {group, 45, "/pair" + me + " " + code, "-1001234500001/45"},
		"with more blanks inside": {group, 45, "/pair" + me + "   12-34-56", "-1001234500001/45"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				server.SetChat(telegramtest.Chat{ID: group, Title: "Ops\u202e"})
				found, _, err := pair(t.Context(), c, func() { server.Say(test.chat, test.thread, admin, test.text) })
				want := msg.PairAttempt{Code: code, User: "5550001", UserName: "User 5550001", Chat: test.want}
				if test.chat == group {
					want.ChatName = "Ops"
				}
				if diff := cmp.Diff(want, found); diff != "" || err != nil {
					t.Errorf("%v %s", err, diff)
				}
				if server.Pending() != 0 {
					t.Error("the bot would hear the code again")
				}
			})
		})
	}
}

func TestPairIgnoresWhatIsNoCodeAndAnswersNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		server.Say(group, 0, stranger, "/pair 999999") // before Pair listens
		server.Say(group, 0, stranger, code)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, heard, err := pair(ctx, c, func() {
			for _, text := range []string{
				"hello", "/start", "/pair", "/report " + code, "/pair@another_bot " + code,
				"1234567", "12345", "call 123456 now", "",
			} {
				server.Say(group, 0, stranger, text)
			}
			server.Edit(group, stranger, code, map[string]any{"forward_origin": map[string]any{"type": "user"}})
			server.Edit(group, stranger, code, map[string]any{"via_bot": map[string]any{"id": 3, "is_bot": true}})
			server.Edit(group, stranger, code, map[string]any{"from": map[string]any{"id": 3, "is_bot": true}})
			server.Push("edited_message", map[string]any{"text": code})
			server.Push("message", "broken")
			server.Say(group, 0, stranger, "/pair 12345\u202e")
			server.Edit(group, 1087968824, code, map[string]any{"sender_chat": map[string]any{"id": group}})
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		var got []string
		for _, a := range heard {
			got = append(got, a.Code)
		}
		if diff := cmp.Diff([]string{"12345", code}, got); diff != "" {
			t.Error(diff)
		}
		if len(heard) == 2 && !strings.Contains(heard[1].Unfit, "anonymously") {
			t.Errorf("an anonymous administrator is fit: %+v", heard[1])
		}
		for _, q := range server.Requests() {
			if q.Method != "getMe" && q.Method != "getUpdates" {
				t.Errorf("somebody was answered: %s", q.Method)
			}
			allowed := q.Params["allowed_updates"]
			var kinds []string
			if q.Method == "getUpdates" && (json.Unmarshal([]byte(allowed), &kinds) != nil || len(kinds) != 2) {
				t.Errorf("asks for %s: the bot would miss the others later", allowed)
			}
		}
	})
}

func TestR09PairYieldsToAnotherReceiver(t *testing.T) {
	for name, test := range map[string]struct {
		refusal string
		webhook bool
	}{
		"another bot": {
			"Conflict: terminated by other getUpdates request; make sure that only one bot instance is running", false,
		},
		"webhook": {
			"Conflict: can't use getUpdates method while webhook is active; " +
				"use deleteWebhook to delete the webhook first", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				_, _, err := pair(t.Context(), c, func() {
					server.Fail("getUpdates", telegramtest.Refuse(409, test.refusal))
				})
				if e, ok := errors.AsType[*telegram.ConflictError](err); !ok || e.Webhook != test.webhook {
					t.Errorf("Pair = %v", err)
				}
			})
		})
	}
}

func TestPairOutlastsTroubleButNoRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		found, _, err := pair(t.Context(), c, func() {
			server.Fail("getUpdates", telegramtest.Cut(), telegramtest.Page(502),
				telegramtest.RetryAfter(3*time.Second), telegramtest.Hang())
			server.Say(private, 0, admin, code)
		})
		if err != nil || found.User != "5550001" {
			t.Errorf("found %+v, %v", found, err)
		}
		_, _, err = pair(t.Context(), c, func() { server.Fail("getUpdates", telegramtest.Refuse(401, "Unauthorized")) })
		if err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("Pair = %v", err)
		}
		server.Fail("getMe", telegramtest.Echo(500))
		_, _, err = pair(t.Context(), c, func() { t.Error("ready without a bot") })
		if err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("Pair = %v", err)
		}
	})
}
