package telegram

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram/telegramtest"
)

// hostile are names as somebody might choose them, and what they are made of.
var hostile = []string{
	"https://a.example/x", "HTTP://A.example", "a.example", "xn--a.xn--p1ai", "пример.рф", "192.0.2.7", "ftp://192.0.2.7:21/",
	"tg://user?id=1", "ton://a", "tonsite://a", "t.me/name", "@name", "@gif", "#tag", "#é1", "/cmd", "/cmd@the_bot",
	"$USD", "bob@a.example", "mailto:bob@a.example", "4111 1111 1111 1111", "4111-1111-1111-1111", "+1-212-555-0123",
	"+32 (0)2 555 01 23", "88005553535", "sshd", "web1", ".", "@", "/", "#", "$", ":", " ", "\n", "\t", "-", "_", "a",
	"1", "(", ")", "«", "\u200b", "\u00a0", "\u202e", "\u200d", "é", "🇧🇪", "example", "2026-11-28",
}

// Where there may be no more entities, what would have been one is not continued by what stands beside it.
func TestS21NothingBecomesClickableAcrossRuns(t *testing.T) {
	var text msg.Text
	for range maxEntities + 1 {
		text = append(text, msg.Run{Text: "x", Style: msg.Code}, msg.Run{Text: " "})
	}
	text = append(text, msg.Run{Text: "4111 1111 1111 1111/", Style: msg.Code}, msg.Run{Text: "1\t"})
	shown, entities, _ := compose(text)
	var set []telegramtest.Entity
	for _, e := range entities {
		set = append(set, telegramtest.Entity{Type: e.Type, Offset: e.Offset, Length: e.Length})
	}
	if found := telegramtest.Found(shown, set); found != nil {
		t.Errorf("found %v in %q", found, shown)
	}
}

// TestS21NothingBecomesClickable sets random runs of hostile text in all styles, few and many.
func TestS21NothingBecomesClickable(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	styles := []msg.Style{msg.Plain, msg.Plain, msg.Plain, msg.Bold, msg.Code, msg.Pre, msg.Quote}
	inPlain := 0
	for range 800 {
		var text msg.Text
		runs := 1 + random.IntN(8)
		if random.IntN(20) == 0 {
			runs = 300 // more than there may be entities
		}
		for range runs {
			run := msg.Run{Style: styles[random.IntN(len(styles))]}
			for range 1 + random.IntN(4) {
				run.Text += hostile[random.IntN(len(hostile))]
			}
			text = append(text, run)
		}
		shown, entities, _ := compose(text)
		var set []telegramtest.Entity
		for _, e := range entities {
			set = append(set, telegramtest.Entity{Type: e.Type, Offset: e.Offset, Length: e.Length})
		}
		if len(set) > maxEntities {
			t.Fatalf("%d entities in %q", len(set), text)
		}
		units := utf16.Encode([]rune(shown))
		for _, e := range telegramtest.Found(shown, set) {
			t.Errorf("found %s %q in %q, of %q", e.Type, string(utf16.Decode(units[e.Offset:e.Offset+e.Length])), shown, text)
		}
		want := printable(text.String())
		if len(set) < maxEntities && shown != want {
			t.Errorf("shows %q, want %q", shown, want)
		}
		if strings.ReplaceAll(shown, hairSpace, "") != want {
			t.Errorf("shows %q, want %q but for hair spaces", shown, want)
		}
		inPlain += len(telegramtest.Found(want, nil))
	}
	if inPlain < 1000 {
		t.Errorf("only %d entities would be found without styles: the test tests nothing", inPlain)
	}
	t.Attr("reached", fmt.Sprintf("0 of %d links, mentions, commands and numbers clickable", inPlain))
}

// TestOurOwnWordsStayPlain shows that only what could become clickable is set as code.
func TestOurOwnWordsStayPlain(t *testing.T) {
	for _, text := range []string{
		"Imported 5 bans of 2000-02-05 to 2000-02-09; 5 of friendly countries.", "12 bans, 10,000 rows (1.5 %), e.g. sshd",
		"sshd on web1 at 08:15:32, 28 Nov 2026 20:37, banned 3 times", "yes/no, 24/7, 3 of 4", "2001:db8::1", "2026-11-28 20:37",
	} {
		if _, entities, _ := compose(msg.Text{{Text: text}}); len(entities) != 0 {
			t.Errorf("%q has entities: %v", text, entities)
		}
	}
}

// TestBoldGivesWayToCode shows that of many addresses each is one that can be copied.
func TestBoldGivesWayToCode(t *testing.T) {
	var text msg.Text
	for i := range 70 {
		text = append(text, msg.Run{Text: "Belgium ", Style: msg.Bold}, msg.Run{Text: fmt.Sprint("198.51.100.", i)},
			msg.Run{Text: " sshd\n"})
	}
	shown, entities, _ := compose(text)
	count := map[string]int{}
	for _, e := range entities {
		count[e.Type]++
	}
	if shown != text.String() || count["code"] != 70 || count["bold"] != 30 {
		t.Errorf("%v, want 70 code and 30 bold, and the text as it is", count)
	}
}
