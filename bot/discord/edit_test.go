package discord_test

import (
	"errors"
	"testing"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

func TestEditReplacesTheTextInPlace(t *testing.T) {
	s := discordtest.Start(t)
	c := newClient(t, s)
	id, err := c.Post(t.Context(), discordtest.Channel, msg.Message{Text: msg.Text{{Text: "before"}}, Nonce: "n"})
	if err != nil || id == "" {
		t.Fatalf("id %q, %v", id, err)
	}
	after := msg.Message{Text: msg.Text{{Text: "after"}}, Nonce: "n", Silent: true}
	if err := c.Edit(t.Context(), discordtest.Channel, id, after); err != nil {
		t.Fatal(err)
	}
	if got := s.Messages(); len(got) != 1 || got[0].Content != "after" || got[0].Edits != 1 {
		t.Errorf("%+v", got)
	}
	if _, ok := errors.AsType[*msg.NotSentError](c.Edit(t.Context(), discordtest.Channel, "99", after)); !ok {
		t.Error("a message that is gone is changed")
	}
}

func TestOnlyWhatIsNotSilentRings(t *testing.T) {
	s := discordtest.Start(t)
	c := newClient(t, s)
	for _, m := range []msg.Message{{Text: msg.Text{{Text: "a"}}}, {Text: msg.Text{{Text: "b"}}, Silent: true}} {
		if err := c.Send(t.Context(), discordtest.Channel, m); err != nil {
			t.Fatal(err)
		}
	}
	const suppressEmbeds, suppressNotifications = 1 << 2, 1 << 12
	got := s.Messages()
	if got[0].Flags != suppressEmbeds || got[1].Flags != suppressEmbeds|suppressNotifications {
		t.Errorf("flags %d and %d", got[0].Flags, got[1].Flags)
	}
}
