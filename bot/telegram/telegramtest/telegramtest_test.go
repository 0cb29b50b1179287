package telegramtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"
	"go.uber.org/goleak"

	"friendlyfire/bot/telegram/telegramtest"
)

func TestMain(m *testing.M) {
	_ = os.Unsetenv("API_DESCRIPTIONS") // these tests make requests that do not conform
	goleak.VerifyTestMain(m)
}

// answer is what the Bot API answers with.
type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// call calls a method with parameters in pairs.
func call(t *testing.T, s *telegramtest.Server, method string, pairs ...string) answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	resp, err := s.Client().PostForm(s.URL()+"/bot"+telegramtest.Token+"/"+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	if !a.OK && a.Code != resp.StatusCode {
		t.Errorf("error_code %d in a %d", a.Code, resp.StatusCode)
	}
	return a
}

func inBubble(t *testing.T, test func(*testing.T, *telegramtest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, telegramtest.InMemory(t)) })
}

// TestLibraryTakesItForTelegram uses the library over a real socket.
func TestLibraryTakesItForTelegram(t *testing.T) {
	s := telegramtest.Start(t)
	b, err := tg.NewBotAPIWithClient(telegramtest.Token, s.URL()+"/bot%s/%s", s.Client())
	if err != nil || b.Self.UserName != telegramtest.BotName {
		t.Fatalf("getMe: %v, %v", b, err)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	photo := tg.NewPhoto(-1005, tg.FileBytes{Name: "x.png", Bytes: picture.Bytes()})
	photo.Caption = "words"
	if _, err := b.Send(photo); err != nil {
		t.Error(err)
	}
	s.Say(-1005, 0, 7, "/start")
	s.Press(-1005, 0, 7, "/again")
	updates, err := b.GetUpdates(tg.UpdateConfig{Timeout: 5})
	if err != nil || len(updates) != 2 || updates[0].Message.Command() != "start" ||
		updates[1].CallbackQuery.Data != "/again" {
		t.Fatalf("getUpdates: %+v, %v", updates, err)
	}
	if _, err := b.Request(tg.NewCallback(updates[1].CallbackQuery.ID, "")); err != nil {
		t.Error(err)
	}
	if _, err := b.Request(tg.NewChatAction(-1005, tg.ChatTyping)); err != nil {
		t.Error(err)
	}
	if m := s.Messages(); len(m) != 1 || m[0].Text != "words" || !bytes.Equal(m[0].Photo, picture.Bytes()) {
		t.Errorf("arrived: %+v", m)
	}
}

func TestTokenIsChecked(t *testing.T) {
	inBubble(t, func(t *testing.T, s *telegramtest.Server) {
		for path, want := range map[string]int{
			"/bot1:x/getMe": 401, "/getMe": 404, "/bot" + telegramtest.Token + "/getMoon": 404,
		} {
			resp, err := s.Client().Get(s.URL() + path)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
			}
		}
	})
}

func TestMessagesAreChecked(t *testing.T) {
	entity := func(kind string, offset, length int) string {
		return fmt.Sprintf(`{"type":%q,"offset":%d,"length":%d}`, kind, offset, length)
	}
	with := func(text string, entities ...string) []string {
		return []string{"text", text, "entities", "[" + strings.Join(entities, ",") + "]"}
	}
	keyboard := func(button string) []string {
		return []string{"text", "x", "reply_markup", `{"inline_keyboard":[[` + button + `]]}`}
	}
	tests := map[string]struct {
		pairs []string
		want  string // part of the description; "": the message arrives
	}{
		"text":                  {[]string{"text", "x"}, ""},
		"no chat":               {[]string{"text", "x", "chat_id", ""}, "chat_id is empty"},
		"no text":               {[]string{"text", " \n"}, "message text is empty"},
		"bad UTF-8":             {[]string{"text", "\xff"}, "UTF-8"},
		"4,096 units":           {[]string{"text", strings.Repeat("🇧", 2048)}, ""},
		"4,097 units":           {[]string{"text", strings.Repeat("🇧", 2048) + "x"}, "too long"},
		"parse_mode":            {[]string{"text", "x", "parse_mode", "HTML"}, "parse_mode"},
		"entities side by side": {with("🇧🇪x", entity("bold", 0, 4), entity("code", 4, 1)), ""},
		"entity in entity":      {with("abcd", entity("bold", 0, 4), entity("italic", 1, 2)), ""},
		"entities that overlap": {
			with("abcd", entity("bold", 0, 3), entity("italic", 1, 3)), "OVERLAP",
		},
		"code in bold":                          {with("abcd", entity("bold", 0, 3), entity("code", 1, 1)), "OVERLAP"},
		"code in a quote":                       {with("abcd", entity("expandable_blockquote", 0, 4), entity("code", 0, 4)), ""},
		"a quote in code":                       {with("abcd", entity("expandable_blockquote", 1, 2), entity("code", 0, 4)), "OVERLAP"},
		"a quote in a quote":                    {with("abcd", entity("blockquote", 0, 4), entity("expandable_blockquote", 1, 2)), "OVERLAP"},
		"entity behind the end":                 {with("🇧", entity("bold", 0, 3)), "BOUNDS"},
		"entity before the text":                {with("x", entity("bold", -1, 1)), "BOUNDS"},
		"empty entity":                          {with("x", entity("bold", 0, 0)), "BOUNDS"},
		"entity that begins within a character": {with("🇧x", entity("bold", 1, 2)), "surrogate"},
		"entity that ends within a character":   {with("x🇧", entity("bold", 0, 2)), "surrogate"},
		"entity of no kind":                     {with("x", entity("shiny", 0, 1)), "unsupported"},
		"entities that are no JSON":             {[]string{"text", "x", "entities", "["}, "can't parse"},
		"button":                                {keyboard(`{"text":"a","callback_data":"/b"}`), ""},
		"button without data":                   {keyboard(`{"text":"a"}`), "BUTTON_DATA_INVALID"},
		"button with 65 bytes": {
			keyboard(`{"text":"a","callback_data":"` + strings.Repeat("é", 32) + `x"}`), "BUTTON_DATA_INVALID",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *telegramtest.Server) {
				a := call(t, s, "sendMessage", append([]string{"chat_id", "5"}, test.pairs...)...)
				if a.OK != (test.want == "") || !strings.Contains(a.Description, test.want) {
					t.Errorf("%+v, want %q", a, test.want)
				}
				if arrived := len(s.Messages()) == 1; arrived != a.OK {
					t.Errorf("arrived: %v, ok: %v", arrived, a.OK)
				}
			})
		})
	}
}

func TestLimits(t *testing.T) {
	tests := map[string]struct {
		chat  func(i int) int64
		every time.Duration
		posts int // accepted before the first is refused
	}{
		"burst to a person":       {func(int) int64 { return 5 }, 0, 3},
		"a second apart":          {func(int) int64 { return 5 }, time.Second, 100},
		"burst to a group":        {func(int) int64 { return -5 }, 1500 * time.Millisecond, 20},
		"three seconds apart":     {func(int) int64 { return -5 }, 3 * time.Second, 100},
		"many chats at once":      {func(i int) int64 { return int64(100 + i) }, 0, 30},
		"many chats, 30 a second": {func(i int) int64 { return int64(100 + i) }, 34 * time.Millisecond, 100},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *telegramtest.Server) {
				for i := range 100 {
					a := call(t, s, "sendMessage", "text", "x", "chat_id", fmt.Sprint(test.chat(i)))
					if a.OK {
						time.Sleep(test.every)
						continue
					}
					if i < test.posts || a.Code != http.StatusTooManyRequests || a.Parameters.RetryAfter < 1 {
						t.Errorf("post %d: %+v", i, a)
					}
					again := call(t, s, "sendMessage", "text", "x", "chat_id", fmt.Sprint(test.chat(i)))
					if again.OK || s.Early() != 1 {
						t.Errorf("an early post: %+v, counted %d", again, s.Early())
					}
					time.Sleep(time.Duration(a.Parameters.RetryAfter) * time.Second)
					late := call(t, s, "sendMessage", "text", "x", "chat_id", fmt.Sprint(test.chat(i)))
					if !late.OK || s.Early() != 1 {
						t.Errorf("after retry_after: %+v, counted %d", late, s.Early())
					}
					return
				}
				if test.posts < 100 {
					t.Error("never refused")
				}
			})
		})
	}
}

func TestAHoldCanBeLifted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *telegramtest.Server) {
		s.Fail("sendMessage", telegramtest.RetryAfter(time.Hour))
		if a := call(t, s, "sendMessage", "text", "x", "chat_id", "42"); a.OK || time.Until(s.Held()[42]) != time.Hour {
			t.Errorf("%+v, held %v", a, s.Held())
		}
		s.Lift(42)
		if a := call(t, s, "sendMessage", "text", "x", "chat_id", "42"); !a.OK || s.Early() != 0 || len(s.Held()) != 0 {
			t.Errorf("%+v, counted %d, held %v", a, s.Early(), s.Held())
		}
		s.Client().CloseIdleConnections()
		s.AwaitNobody(t)
	})
}

func TestUpdatesWaitUntilConfirmed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *telegramtest.Server) {
		got := func(pairs ...string) string { return string(call(t, s, "getUpdates", pairs...).Result) }
		first, second := s.Say(5, 0, 5, "/a"), s.Say(5, 0, 5, "/b")
		for range 2 {
			if all := got(); !strings.Contains(all, "/a") || !strings.Contains(all, "/b") {
				t.Errorf("got %s", all)
			}
		}
		if one := got("limit", "1"); strings.Contains(one, "/b") {
			t.Errorf("got %s, want one", one)
		}
		rest := got("offset", fmt.Sprint(second))
		if strings.Contains(rest, fmt.Sprint(first)) || !strings.Contains(rest, "/b") {
			t.Errorf("got %s, want the second", rest)
		}
		if got("offset", fmt.Sprint(second+1)) != "[]" || s.Pending() != 0 {
			t.Error("confirmed, and still there")
		}
		s.Say(5, 0, 5, "/c")
		time.Sleep(25 * time.Hour)
		if late := got(); late != "[]" {
			t.Errorf("after a day: %s", late)
		}
		got("allowed_updates", `["message"]`)
		s.Push("edited_message", map[string]any{})
		if s.Pending() != 0 {
			t.Error("kept what nobody has asked for")
		}
	})
}

func TestLongPoll(t *testing.T) {
	inBubble(t, func(t *testing.T, s *telegramtest.Server) {
		began := time.Now()
		if call(t, s, "getUpdates", "timeout", "50"); time.Since(began) != 50*time.Second {
			t.Errorf("an empty poll took %v", time.Since(began))
		}
		began = time.Now()
		time.AfterFunc(7*time.Second, func() { s.Say(5, 0, 5, "/a") })
		a := call(t, s, "getUpdates", "timeout", "50")
		if !strings.Contains(string(a.Result), "/a") || time.Since(began) != 7*time.Second {
			t.Errorf("%s after %v", a.Result, time.Since(began))
		}
	})
}

func TestSecondPollEndsTheFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, s *telegramtest.Server) {
		var polls sync.WaitGroup
		var first answer
		polls.Go(func() { first = call(t, s, "getUpdates", "timeout", "50", "offset", "99000000") })
		time.Sleep(time.Second)
		second := call(t, s, "getUpdates", "timeout", "3", "offset", "99000000")
		polls.Wait()
		if first.Code != http.StatusConflict || !second.OK {
			t.Errorf("first %+v, second %+v", first, second)
		}
	})
}

func TestChats(t *testing.T) {
	tests := map[string]struct {
		chat telegramtest.Chat
		code int
		to   int64
	}{
		"unknown": {telegramtest.Chat{ID: -5, Unknown: true}, 400, 0},
		"kicked":  {telegramtest.Chat{ID: -5, Status: "kicked"}, 403, 0},
		"left":    {telegramtest.Chat{ID: -5, Status: "left"}, 403, 0},
		"blocked": {telegramtest.Chat{ID: 5, Status: "kicked"}, 403, 0},
		"moved":   {telegramtest.Chat{ID: -5, MovedTo: -1005}, 400, -1005},
		"mute":    {telegramtest.Chat{ID: -5, NoText: true}, 400, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *telegramtest.Server) {
				s.SetChat(test.chat)
				a := call(t, s, "sendMessage", "text", "x", "chat_id", fmt.Sprint(test.chat.ID))
				if a.Code != test.code || a.Parameters.MigrateTo != test.to {
					t.Errorf("%+v", a)
				}
			})
		})
	}
}
