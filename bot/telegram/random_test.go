package telegram_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/bottest/official"
	"friendlyfire/bot/telegram/telegramtest"
)

// TestS03RandomUpdatesExecuteNothing feeds updates of all kinds that the official description knows, made up of ids and
// texts that come near to what is allowed.
func TestS03RandomUpdatesExecuteNothing(t *testing.T) {
	description := official.Need(t, "telegram")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	withBot(t, func(t *testing.T, server *telegramtest.Server, b *testBot) {
		random := &official.Random{
			Rand: rand.New(rand.NewPCG(seed, 0)), Description: description,
			Strings: []string{
				"/report", "/report 7d", "/status@" + telegramtest.BotName, "/status@other_bot", "", "text", "/", "/\x00 \xff",
				"private", "supergroup", "\u202e/report", strings.Repeat("/report ", 600), "123456",
			},
			Numbers: []int64{
				group, private, admin, stranger, 0, 1, -1, 1 << 52, time.Now().Unix(), time.Now().Add(time.Hour).Unix(),
			},
		}
		bottest.Listen(t, b)
		allowed, updates := 0, 250
		for i := range updates {
			update := random.Value("/definitions/Update").(map[string]any)
			delete(update, "update_id")
			switch i % 3 { // most of the kinds are nothing to the bot
			case 1:
				update = map[string]any{"message": random.Value("/definitions/Message")}
			case 2:
				update = map[string]any{"callback_query": random.Value("/definitions/CallbackQuery")}
			}
			for kind, value := range update {
				aim(random.Rand, kind, value)
			}
			if mayCommand(update) {
				allowed++
			}
			server.Feed(update)
			if i%10 == 0 {
				time.Sleep(time.Minute)
			}
		}
		time.Sleep(10 * time.Minute)
		if n := len(b.asked()); n > allowed || n == 0 {
			t.Errorf("%d commands executed of %d updates, %d of them allowed", n, updates, allowed)
		}
		before := len(b.asked())
		server.Say(private, 0, admin, "/report after all")
		time.Sleep(time.Minute)
		if asked := b.asked(); len(asked) != before+1 || asked[before] != "/report after all" {
			t.Errorf("a command after them is not heard")
		}
		if server.Pending() != 0 {
			t.Errorf("%d updates are not read", server.Pending())
		}
		if b.log.Count("panic") != 0 {
			t.Errorf("a panic:\n%s", b.log)
		}
		t.Attr("reached", fmt.Sprintf("%d random updates: %d allowed commands, %d executed", updates, allowed, before))
	})
}

// aim makes most of an update a command of the administrator, written now, but for what else it has.
func aim(random *rand.Rand, kind string, value any) {
	o, ok := value.(map[string]any)
	if !ok {
		return
	}
	usually := func(o map[string]any, name string, value any) {
		if random.IntN(5) > 0 {
			o[name] = value
		}
	}
	usually(o, "from", map[string]any{"id": admin, "is_bot": random.IntN(9) == 0, "first_name": "A"})
	if kind == "callback_query" {
		usually(o, "data", "/report")
		o, _ = o["message"].(map[string]any)
	}
	if o != nil {
		usually(o, "chat", map[string]any{"id": group, "type": "supergroup"})
		usually(o, "text", "/report")
		usually(o, "date", time.Now().Unix())
	}
}

// mayCommand reports whether an update is a command or the press of a button by the administrator in one of his chats,
// as far as its ids tell.
func mayCommand(update map[string]any) bool {
	field := func(v any, names ...string) any {
		for _, name := range names {
			o, _ := v.(map[string]any)
			v = o[name]
		}
		return v
	}
	chat, text := []string{"message", "chat", "id"}, field(update, "message", "text")
	from := field(update, "message", "from")
	if field(update, "message") == nil {
		chat, text = []string{"callback_query", "message", "chat", "id"}, field(update, "callback_query", "data")
		from = field(update, "callback_query", "from")
	}
	for _, foreign := range []string{"forward_origin", "sender_chat", "via_bot"} {
		if field(update, "message", foreign) != nil {
			return false
		}
	}
	s, _ := text.(string)
	is := func(v any, ids ...int64) bool {
		return slices.ContainsFunc(ids, func(id int64) bool { return fmt.Sprint(v) == fmt.Sprint(id) || v == float64(id) })
	}
	return is(field(from, "id"), admin) && field(from, "is_bot") != true && strings.HasPrefix(s, "/") &&
		is(field(update, chat...), group, private)
}
