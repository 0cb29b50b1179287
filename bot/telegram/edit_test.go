package telegram_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestEditReplacesTheTextInPlace(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		id, err := c.Post(t.Context(), "-1001234500001/45", say("before"))
		if err != nil || id == "" {
			t.Fatalf("id %q, %v", id, err)
		}
		after := msg.Message{Text: msg.Text{{Text: "after ", Style: msg.Bold}, {Text: "it"}}, Silent: true}
		if err := c.Edit(t.Context(), "-1001234500001/45", id, after); err != nil {
			t.Fatal(err)
		}
		got := server.Messages()
		if len(got) != 1 || got[0].Text != "after it" || got[0].Edits != 1 || len(got[0].Marked("bold")) != 1 {
			t.Errorf("%+v", got)
		}
		q := server.Requests("editMessageText")[0]
		for _, foreign := range []string{"message_thread_id", "disable_notification"} { // the method has no such parameter
			if _, ok := q.Params[foreign]; ok {
				t.Errorf("%s is given", foreign)
			}
		}
		if err := c.Edit(t.Context(), "-1001234500001", id, after); err != nil {
			t.Errorf("the same again: %v", err)
		}
		err = c.Edit(t.Context(), "-1001234500001", "99", after)
		if no, ok := errors.AsType[*msg.NotSentError](err); !ok || !no.Unknown {
			t.Errorf("another message is not refused: %v", err)
		}
	})
}

func TestR04EditsCountForThePace(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		id, err := c.Post(t.Context(), "-1001234500001", say("0"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			if err := c.Edit(t.Context(), "-1001234500001", id, say(string(rune('A'+i)))); err != nil {
				t.Fatalf("edit %d: %v", i, err)
			}
		}
		synctest.Wait()
		if n := server.Messages()[0].Edits; n != 60 || server.Early() > 0 {
			t.Errorf("%d edits, %d too early", n, server.Early())
		}
	})
}

func TestOnlyWhatIsNotSilentRings(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		for _, silent := range []bool{false, true} {
			m := say("text")
			m.Silent = silent
			if err := c.Send(t.Context(), "5550001", m); err != nil {
				t.Fatal(err)
			}
			m.Photo = picture(t, 2, 2)
			if err := c.Send(t.Context(), "5550001", m); err != nil {
				t.Fatal(err)
			}
		}
		for i, q := range server.Requests("sendMessage", "sendPhoto") {
			if silent := q.Params["disable_notification"] == "true"; silent != (i > 1) {
				t.Errorf("%s %d is silent: %v", q.Method, i, silent)
			}
		}
	})
}
