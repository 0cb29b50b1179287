package telegram_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestSendSetsRunsAsEntities(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		m := msg.Message{
			Text: msg.Text{
				{Text: "🇧🇪 Belgium\n", Style: msg.Bold},
				{Text: "address "},
				{Text: "192.0.2.7", Style: msg.Code},
				{Text: "\n"},
				{Text: "", Style: msg.Bold},
				{Text: "sshd ████ 4\nnginx ██ 2", Style: msg.Pre},
			},
			Buttons: [][]msg.Button{
				{{Label: "7 days", Command: "/report country 7d"}}, {{Label: "Jails", Command: "/report jail 7d"}},
			},
		}
		if err := c.Send(t.Context(), "-1001234500001/45", m); err != nil {
			t.Fatal(err)
		}
		got := server.Messages()[0]
		if got.Chat != group || got.Thread != 45 {
			t.Errorf("posted to %d/%d, want %d/45", got.Chat, got.Thread, group)
		}
		if got.Text != m.Text.String() {
			t.Errorf("text %q, want %q", got.Text, m.Text)
		}
		for kind, want := range map[string]string{
			"bold": "🇧🇪 Belgium\n", "code": "192.0.2.7", "pre": "sshd ████ 4\nnginx ██ 2",
		} {
			if marked := got.Marked(kind); !slices.Equal(marked, []string{want}) {
				t.Errorf("%s is %q, want %q", kind, marked, want)
			}
		}
		want := [][]telegramtest.Button{
			{{Text: "7 days", Data: "/report country 7d"}}, {{Text: "Jails", Data: "/report jail 7d"}},
		}
		if diff := cmp.Diff(want, got.Keyboard); diff != "" {
			t.Errorf("keyboard (-want +got):\n%s", diff)
		}
	})
}

// A quote is folded, and what is in it is code, so that no address in it becomes a link. Where there are too many
// entities it is code alone.
func TestQuoteIsFoldedCode(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		const list = "198.51.100.1 198.51.100.2 🇧🇪\n198.51.100.3"
		text := msg.Text{
			{Text: "🇧🇪 sshd", Style: msg.Bold},
			{Text: "\n"},
			{Text: list, Style: msg.Quote},
			{Text: "\n"},
			{Text: "unbanip 198.51.100.1", Style: msg.Code},
		}
		if err := c.Send(t.Context(), "-1001234500001", msg.Message{Text: text}.AsRepeat()); err != nil {
			t.Fatal(err)
		}
		got := server.Messages()[0]
		for kind, want := range map[string][]string{
			"expandable_blockquote": {list}, "code": {list, "unbanip 198.51.100.1"}, "bold": {"🇧🇪 sshd"},
		} {
			if marked := got.Marked(kind); !slices.Equal(marked, want) {
				t.Errorf("%s is %q, want %q", kind, marked, want)
			}
		}
		if len(got.Found) > 0 {
			t.Errorf("Telegram finds %v", got.Found)
		}

		for i := range 98 {
			text = append(text, msg.Run{Text: " "}, msg.Run{Text: fmt.Sprint("198.51.100.", i), Style: msg.Code})
		}
		time.Sleep(time.Minute)
		if err := c.Send(t.Context(), "-1001234500001", msg.Message{Text: text}); err != nil {
			t.Fatal(err)
		}
		got = server.Messages()[1]
		if n := len(got.Marked("code")); n != 100 || got.Marked("expandable_blockquote") != nil || got.Text != text.String() {
			t.Errorf("%d stretches of code, a fold of %q", n, got.Marked("expandable_blockquote"))
		}
	})
}

func TestS05TextCannotAct(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		hostile := `<b>a</b> *b* _c_ [d](tg://user?id=1) <a href="https://example.com">e</a> @everyone &lt; \` + "`"
		m := msg.Message{
			Text: msg.Text{
				{Text: hostile}, {Text: "\x00\x1b[31mred\u202edrows\u2066\r\x7f\u0085 \xff\n\tend", Style: msg.Code},
			},
		}
		if err := c.Send(t.Context(), "5550001", m); err != nil {
			t.Fatal(err)
		}
		m.Photo = picture(t, 8, 8)
		if err := c.Send(t.Context(), "5550001", m); err != nil {
			t.Fatal(err)
		}
		clean := "[31mreddrows \ufffd\n\tend"
		for _, got := range server.Messages() {
			if got.Text != hostile+clean {
				t.Errorf("text %q, want %q", got.Text, hostile+clean)
			}
			code := got.Marked("code")
			if len(code) != len(got.Entities) || !strings.HasSuffix(code[len(code)-1], clean) {
				t.Errorf("entities %v, want code", got.Entities)
			}
			if len(got.Found) != 0 {
				t.Errorf("Telegram finds %v", got.Found)
			}
			if got.Photo == nil && got.Preview {
				t.Error("links have a preview")
			}
		}
		for _, q := range server.Requests("sendMessage", "sendPhoto") {
			if _, ok := q.Params["parse_mode"]; ok {
				t.Errorf("%s with a parse_mode", q.Method)
			}
		}
	})
}

func TestSendNeverCuts(t *testing.T) {
	tests := map[string]struct {
		text  string
		photo bool
		fits  bool
	}{
		"the longest text":       {strings.Repeat("é", 4096), false, true},
		"one too many":           {strings.Repeat("é", 4097), false, false},
		"the longest in pairs":   {strings.Repeat("🇧", 2048), false, true},
		"one pair too many":      {strings.Repeat("🇧", 2048) + "x", false, false},
		"the longest caption":    {strings.Repeat("é", 1024), true, true},
		"a caption one too long": {strings.Repeat("🇧", 512) + "x", true, false},
		"dropped does not count": {strings.Repeat("\u202ex", 4096), false, true},
	}
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		for name, test := range tests {
			before := len(server.Requests())
			m := say(test.text)
			if test.photo {
				m.Photo = picture(t, 8, 8)
			}
			if got := c.Fits(m); got != test.fits {
				t.Errorf("%s: Fits = %v, want %v", name, got, test.fits)
			}
			err := c.Send(t.Context(), "5550001", m)
			_, rejected := errors.AsType[*msg.RejectedError](err)
			if test.fits && err != nil || !test.fits && !rejected {
				t.Errorf("%s: Send = %v", name, err)
			}
			if !test.fits && len(server.Requests()) != before {
				t.Errorf("%s: a request was made", name)
			}
		}
	})
}

func TestSendWithoutWordsIsRejected(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		for _, text := range []string{"", " \n", "\u202e\x00"} {
			if _, ok := errors.AsType[*msg.RejectedError](c.Send(t.Context(), "5550001", say(text))); !ok {
				t.Errorf("%q was not rejected", text)
			}
		}
		if n := len(server.Requests()); n != 0 {
			t.Errorf("%d requests, want 0", n)
		}
	})
}

func TestButtonThatTelegramRefusesIsLeftOut(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		m := say("report")
		m.Buttons = [][]msg.Button{
			{{Label: "long", Command: "/" + strings.Repeat("x", 64)}},
			{{Label: "", Command: "/x"}, {Label: "fits", Command: "/" + strings.Repeat("x", 63)}},
		}
		if err := c.Send(t.Context(), "5550001", m); err != nil {
			t.Fatal(err)
		}
		if got := server.Messages()[0].Keyboard; len(got) != 1 || len(got[0]) != 1 || got[0][0].Text != "fits" {
			t.Errorf("keyboard %v, want the button that fits", got)
		}
	})
}

func TestSendKnowsAChatWhenItSeesOne(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		for _, chat := range []string{
			"", "0", "@channel", "-100x", "-1001/", "-1001/0", "-1001/-4", "-1001/4/5", "99999999999999999999",
		} {
			if _, ok := errors.AsType[*msg.NotSentError](c.Send(t.Context(), chat, say("x"))); !ok {
				t.Errorf("%q is taken for a chat", chat)
			}
		}
		if n := len(server.Requests()); n != 0 {
			t.Errorf("%d requests, want 0", n)
		}
	})
}

func TestR12RefusedPhotoLeavesItsText(t *testing.T) {
	tests := map[string]func(*testing.T, *telegramtest.Server) []byte{
		"too long a side": func(t *testing.T, _ *telegramtest.Server) []byte { return picture(t, 210, 10) },
		"too many pixels": func(t *testing.T, _ *telegramtest.Server) []byte { return picture(t, 9500, 501) },
		"no picture":      func(*testing.T, *telegramtest.Server) []byte { return []byte("GIF89a") },
		"half a picture":  func(t *testing.T, _ *telegramtest.Server) []byte { return picture(t, 64, 64)[:60] },
		"too large":       func(*testing.T, *telegramtest.Server) []byte { return make([]byte, 11<<20) },
		"a proxy's 413": func(t *testing.T, s *telegramtest.Server) []byte {
			s.Fail("sendPhoto", telegramtest.Page(413))
			return picture(t, 8, 8)
		},
		"no right to photos": func(t *testing.T, s *telegramtest.Server) []byte {
			s.SetChat(telegramtest.Chat{ID: group, NoPhotos: true})
			return picture(t, 8, 8)
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				m := msg.Message{
					Text:  msg.Text{{Text: "12 bans", Style: msg.Bold}},
					Photo: prepare(t, server), Fallback: "██ 12",
					Buttons: [][]msg.Button{{{Label: "Again", Command: "/report"}}},
				}
				if err := c.Send(t.Context(), "-1001234500001/45", m); err != nil {
					t.Fatal(err)
				}
				got := server.Messages()
				if len(got) != 1 || got[0].Text != "12 bans\n\n██ 12" || got[0].Photo != nil || got[0].Thread != 45 ||
					len(got[0].Entities) != 2 || len(got[0].Keyboard) != 1 {
					t.Errorf("arrived: %+v, want the text and the bars", got)
				}
			})
		})
	}
}

func TestPhotoTravelsWhole(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		m := msg.Message{Text: msg.Text{{Text: "12 bans", Style: msg.Bold}}, Photo: picture(t, 1280, 800)}
		if err := c.Send(t.Context(), "-1001234500001", m); err != nil {
			t.Fatal(err)
		}
		got := server.Messages()[0]
		if !bytes.Equal(got.Photo, m.Photo) || got.Text != "12 bans" || got.Marked("bold")[0] != "12 bans" {
			t.Errorf("arrived: %d bytes, %q %v", len(got.Photo), got.Text, got.Entities)
		}
	})
}

// TestAnswersAreClassified shows which error each answer becomes. The next message, once it may be sent, arrives.
func TestAnswersAreClassified(t *testing.T) {
	type kind string
	const rejected, held, unsent, moved, unclear kind = "rejected", "held", "not sent", "moved", "unclear"
	of := func(err error) kind {
		if _, ok := errors.AsType[*msg.RejectedError](err); ok {
			return rejected
		}
		if _, ok := errors.AsType[*msg.RetryAfterError](err); ok {
			return held
		}
		if _, ok := errors.AsType[*msg.NotSentError](err); ok {
			return unsent
		}
		if _, ok := errors.AsType[*msg.MovedError](err); ok {
			return moved
		}
		return unclear
	}
	tests := map[string]struct {
		fault telegramtest.Fault
		want  kind
	}{
		"429":                {telegramtest.RetryAfter(7 * time.Second), held},
		"429 of a proxy":     {telegramtest.Page(429), held},
		"R10 supergroup":     {telegramtest.MigrateTo(-1009999999999), moved},
		"400 of the message": {telegramtest.Refuse(400, "Bad Request: can't parse entities"), rejected},
		"400 of the chat":    {telegramtest.Refuse(400, "Bad Request: chat not found"), unsent},
		"400 of the rights": {
			telegramtest.Refuse(400, "Bad Request: not enough rights to send text messages to the chat"), unsent,
		},
		"400 of the topic":     {telegramtest.Refuse(400, "Bad Request: message thread not found"), unsent},
		"400 of a proxy":       {telegramtest.Page(400), unsent},
		"400 of a proxy, JSON": {telegramtest.Body(400, `{"error":"bad gateway configuration"}`), unsent},
		"413":                  {telegramtest.Refuse(413, "Request Entity Too Large"), unsent},
		"401":                  {telegramtest.Refuse(401, "Unauthorized"), unsent},
		"403": {
			telegramtest.Refuse(403, "Forbidden: bot was kicked from the supergroup chat"), unsent,
		},
		"404":             {telegramtest.Refuse(404, "Not Found"), unsent},
		"407 of a proxy":  {telegramtest.Page(407), unsent},
		"a redirect":      {telegramtest.Redirect("http://127.0.0.1:1/"), unsent},
		"500":             {telegramtest.Refuse(500, "Internal Server Error"), unclear},
		"502 of a proxy":  {telegramtest.Page(502), unclear},
		"200 of a proxy":  {telegramtest.Page(200), unclear},
		"200, other JSON": {telegramtest.Body(200, `{"status":"up"}`), unclear},
		"200, no object":  {telegramtest.Body(200, `[1]`), unclear},
		"200, empty":      {telegramtest.Body(200, ``), unclear},
		"done, then lost": {telegramtest.Drop(), unclear},
		"lost before":     {telegramtest.Cut(), unclear},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				server.Fail("sendMessage", test.fault)
				err := c.Send(t.Context(), "-1001234500001", say("x"))
				if got := of(err); err == nil || got != test.want {
					t.Fatalf("Send = %v (%s), want %s", err, got, test.want)
				}
				if m, ok := errors.AsType[*msg.MovedError](err); ok && m.To != "-1009999999999" {
					t.Errorf("moved to %s", m.To)
				}
				if h, ok := errors.AsType[*msg.RetryAfterError](err); ok {
					time.Sleep(h.After)
				}
				if err := c.Send(t.Context(), "-1001234500001", say("y")); err != nil {
					t.Errorf("the next message: %v", err)
				}
				if n := server.Early(); n != 0 {
					t.Errorf("%d early requests", n)
				}
			})
		})
	}
}
