package ntfy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/ntfy/ntfytest"
	"friendlyfire/bot/post/posttest"
	"friendlyfire/config"
	"friendlyfire/store"
)

// connect connects to the topics of the server.
func connect(t *testing.T, s *ntfytest.Server) (*client, string) {
	t.Helper()
	c := NewConfig()
	c.Server, c.Topics, c.Token = s.URL(), []string{ntfytest.Topic, ntfytest.Topic2}, config.NewSecret(ntfytest.Token)
	connection, err := c.Connect(msg.Bot{Dial: s.Dial})
	if err != nil {
		t.Fatal(err)
	}
	return connection.(*client), c.Chats()[0]
}

func inMemory(t *testing.T, test func(*testing.T, *ntfytest.Server, *client, string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := ntfytest.Start(t, 8083)
		c, chat := connect(t, s)
		test(t, s, c, chat)
	})
}

var alert = msg.Message{
	Text: msg.Text{
		{Text: "🇧🇪 "},
		{Text: "sshd", Style: msg.Code},
		{Text: " on web1 banned 198.51.100.7 (Belgium)\nProbably a person\n"},
		{Text: "sudo fail2ban-client set sshd unbanip 198.51.100.7", Style: msg.Code},
	},
	Kind: msg.Alert, Bans: []msg.Ban{{Address: "198.51.100.7", Country: "BE"}},
	Command: "sudo fail2ban-client set sshd unbanip 198.51.100.7", Nonce: "ABCDEFGHIJKLMNOPQRST",
}

func TestAlertIsANotificationWithAFlagAndACommandToCopy(t *testing.T) {
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
		if err := c.Send(t.Context(), chat, alert); err != nil {
			t.Fatal(err)
		}
		m := s.Messages()[0]
		m.Time = time.Time{}
		want := ntfytest.Message{
			Topic: ntfytest.Topic, Title: "sshd on web1 banned 198.51.100.7 (Belgium)", Priority: 4, Tags: []string{"belgium"},
			Message:  "Probably a person\nsudo fail2ban-client set sshd unbanip 198.51.100.7",
			Actions:  []ntfytest.Action{{Action: "copy", Label: "Copy the command", Value: alert.Command}},
			Sequence: alert.Nonce,
		}
		if fmt.Sprintf("%+v", m) != fmt.Sprintf("%+v", want) {
			t.Errorf("got %+v, want %+v", m, want)
		}
		for kind, priority := range map[msg.Kind]int{msg.Trouble: 3, msg.Digest: 2, msg.News: 2, msg.Alert: 4} {
			if err := c.Send(t.Context(), chat, msg.Message{
				Text: msg.Text{{Text: "x"}}, Kind: kind, Silent: priority == 2,
			}); err != nil {
				t.Fatal(err)
			}
			if all := s.Messages(); all[len(all)-1].Priority != priority {
				t.Errorf("%s has priority %d, want %d", kind, all[len(all)-1].Priority, priority)
			}
		}
	})
}

// A server before 2.17 knows no button that copies, and refuses the whole message.
func TestAnOldServerGetsTheAlertWithoutTheButton(t *testing.T) {
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
		s.OldActions = true
		for range 2 {
			if err := c.Send(t.Context(), chat, alert); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(s.Requests()); len(s.Messages()) != 2 || n != 3 {
			t.Errorf("%d messages after %d requests, want 2 after 3: it is asked once", len(s.Messages()), n)
		}
	})
}

// The limit is 4,096 bytes, and a longer message would arrive as a file.
func TestAMessageHasNoMoreBytesThanTheServerTakes(t *testing.T) {
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
		for _, letter := range []string{"a", "é", "🇧🇪", "\"", "<", "\n", "\x01"} {
			text := func(n int) msg.Message {
				return msg.Message{Text: msg.Text{{Text: "head\n"}, {Text: strings.Repeat(letter, n) + "."}}, Command: alert.Command}
			}
			n := sort.Search(maxMessage, func(n int) bool { return !c.Fits(text(n + 1)) })
			if err := c.Send(t.Context(), chat, text(n)); err != nil {
				t.Errorf("%d × %q: %v", n, letter, err)
				continue
			}
			all := s.Messages()
			if m := all[len(all)-1]; m.Picture != nil || m.Title != "head" || !strings.HasSuffix(m.Message, ".") {
				t.Errorf("%d × %q became a file, or less: %q", n, letter, m.Title)
			}
		}
		if c.Fits(msg.Message{Text: msg.Text{{Text: strings.Repeat("é", 2049)}}}) {
			t.Error("characters are counted for bytes")
		}
	})
}

func TestR29APictureTheServerDoesNotTakeBecomesWords(t *testing.T) {
	report := msg.Message{
		Text: msg.Text{{Text: "Bans 🇧🇪 of a week\nmore\\nore"}}, Photo: bytes.Repeat([]byte("\x89PNG"), 5000),
		Kind: msg.Digest, Silent: true, Fallback: "BE ███\nCN █",
	}
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
		if err := c.Send(t.Context(), chat, report); err != nil {
			t.Fatal(err)
		}
		ascii := report
		ascii.Text = msg.Text{{Text: "head\nX-Priority: 5\n\nmore"}}
		if err := c.Send(t.Context(), chat, ascii); err != nil {
			t.Fatal(err)
		}
		if m := s.Messages()[1]; m.Message != "X-Priority: 5\n\nmore" || m.Title != "head" || m.Priority != 2 {
			t.Errorf("lines without other letters: %+v", m)
		}
		if m := s.Messages()[0]; !bytes.Equal(m.Picture, report.Photo) || m.Title != "Bans 🇧🇪 of a week" ||
			!strings.HasPrefix(m.Message, "more") || m.Priority != 2 {
			t.Errorf("got %q, %q, priority %d, %d bytes", m.Title, m.Message, m.Priority, len(m.Picture))
		}
	})
	for name, set := range map[string]func(*ntfytest.Server){
		"no attachments": func(s *ntfytest.Server) { s.NoAttachments = true },
		"too large":      func(s *ntfytest.Server) { s.MaxAttachment = 100 },
		"bandwidth": func(s *ntfytest.Server) {
			s.Script(onPictures(ntfytest.Refused(42905, "limit reached: daily bandwidth reached")))
		},
		"a proxy's limit": func(s *ntfytest.Server) { s.Script(onPictures(posttest.Page(413))) },
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
				set(s)
				if err := c.Send(t.Context(), chat, report); err != nil {
					t.Fatal(err)
				}
				if m := s.Messages(); len(m) != 1 || m[0].Picture != nil || !strings.Contains(m[0].Message, "BE ███") {
					t.Errorf("got %+v", m)
				}
			})
		})
	}
}

// The server decodes what looks encoded in a header, and makes a line end of a backslash and an n. Neither may bring in
// what was cleaned out of a text.
func TestS05NothingIsDecodedThatWasNotEncoded(t *testing.T) {
	for _, text := range []string{
		"=?utf-8?q?=E2=80=AE=0Aforged?= banned", "=?utf-8?b?4oCu?=", "x =?ISO-8859-1?Q?=0A?= y", "é =?utf-8?q?=41?=", "=?",
		`C:\new`, `\n\nforged`,
	} {
		for name, m := range map[string]msg.Message{
			"first line":   {Text: msg.Text{{Text: text + "\nmore"}}},
			"later":        {Text: msg.Text{{Text: "head\nmore " + text}}},
			"one line":     {Text: msg.Text{{Text: text}}},
			"with picture": {Text: msg.Text{{Text: "head\nmore " + text}}, Photo: []byte("\x89PNG\xff")},
			"both":         {Text: msg.Text{{Text: text + "\nmore"}}, Photo: []byte("\x89PNG\xff")},
		} {
			inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
				if err := c.Send(t.Context(), chat, m); err != nil {
					t.Fatal(err)
				}
				got := s.Messages()[0]
				shown := strings.ReplaceAll(strings.TrimPrefix(got.Title+"\n"+got.Message, "\n"), "＼n", `\n`)
				if shown != m.Text.String() {
					t.Errorf("%s: shows %q, want %q", name, shown, m.Text.String())
				}
			})
		}
	}
}

// The apps make links of URLs.
func TestS21AURLThatSomebodyTriedIsNoLink(t *testing.T) {
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
		m := msg.Message{Text: msg.Text{{Text: "head\nTried "}, {Text: "https://evil.example/a, www.evil.example", Style: msg.Code}}}
		if err := c.Send(t.Context(), chat, m); err != nil {
			t.Fatal(err)
		}
		if got := s.Messages()[0].Message; strings.Contains(got, "://") || strings.Contains(got, "www.") ||
			strings.ReplaceAll(got, "\u200a", "") != "Tried https://evil.example/a, www.evil.example" {
			t.Errorf("reads %q", got)
		}
	})
}

func onPictures(f posttest.Fault) func(posttest.Request) posttest.Fault {
	return func(q posttest.Request) posttest.Fault {
		if q.Method == http.MethodPut {
			return f
		}
		return nil
	}
}

// What becomes of a message, for every answer.
func TestR30OnlyTheMessagesOwnFaultGivesItUp(t *testing.T) {
	const sent, rejected, unsent, unknown, unclear, limited = "sent", "rejected", "unsent", "unknown", "unclear", "limited"
	retryAfter := posttest.Is(posttest.Answer{Status: 429, Header: map[string]string{"Retry-After": "77"}})
	for _, tc := range []struct {
		name  string
		fault posttest.Fault
		want  string
		after time.Duration
	}{
		{"none", nil, sent, 0},
		{"too many requests", ntfytest.Refused(42901, "limit reached: too many requests"), limited, 10 * time.Second},
		{"daily quota", ntfytest.Refused(42908, "limit reached: daily message quota reached"), limited, 15 * time.Minute},
		{"a proxy's limit", retryAfter, limited, 77 * time.Second},
		{"not UTF-8", ntfytest.Refused(40011, "invalid request: message must be UTF-8 encoded"), rejected, 0},
		{"topic disallowed", ntfytest.Refused(40010, "topic name is not allowed"), unsent, time.Minute},
		{"unauthorized", ntfytest.Refused(40101, "unauthorized"), unsent, time.Minute},
		{"forbidden", ntfytest.Refused(40301, "forbidden"), unsent, time.Minute},
		{"no ntfy", posttest.Page(404), unsent, time.Minute},
		{"a 400 that nobody knows", ntfytest.Refused(40099, "something new"), unknown, 0},
		{"too large", posttest.Page(413), unknown, 0},
		{"redirect", posttest.Redirect("http://127.0.0.1:1/"), unsent, time.Minute},
		{"trouble of the server", ntfytest.Refused(50001, "internal server error"), unclear, 0},
		{"bad gateway", posttest.Page(502), unclear, 0},
		{"a portal's page", posttest.Page(200), unclear, 0},
		{"the answer is lost", posttest.Drop(), unclear, 0},
		{"no answer", posttest.Hang(), unclear, 0},
		{"an answer without end", posttest.Drip(), unclear, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
				s.Script(func(posttest.Request) posttest.Fault { return tc.fault })
				begun := time.Now()
				err := c.Send(t.Context(), chat, msg.Message{Text: msg.Text{{Text: "hello"}}})
				got, after := unclear, time.Duration(0)
				limit, isLimit := errors.AsType[*msg.RetryAfterError](err)
				no, isUnsent := errors.AsType[*msg.NotSentError](err)
				_, isRejected := errors.AsType[*msg.RejectedError](err)
				switch {
				case err == nil:
					got = sent
				case isLimit:
					got, after = limited, limit.After
				case isRejected:
					got = rejected
				case isUnsent && no.Unknown:
					got = unknown
				case isUnsent:
					got, after = unsent, no.After
				}
				if got != tc.want || after != tc.after {
					t.Errorf("%v is %s, after %v; want %s, %v", err, got, after, tc.want, tc.after)
				}
				if took := time.Since(begun); took > 15*time.Second {
					t.Errorf("it took %v", took)
				}
				if err != nil && regexp.MustCompile(`CANARY|tk_|127\.0|:8083`).MatchString(err.Error()) {
					t.Errorf("the error holds a secret: %v", err)
				}
			})
		})
	}
}

func TestR04TheServersPaceIsKept(t *testing.T) {
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
		s.Burst = requestBurst
		for range 100 {
			if err := c.Send(t.Context(), chat, msg.Message{Text: msg.Text{{Text: "hello"}}}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := c.Send(ctx, chat, msg.Message{Text: msg.Text{{Text: "hello"}}})
		if no, ok := errors.AsType[*msg.NotSentError](err); !ok || !no.Unreached {
			t.Errorf("one that did not get its turn: %v", err)
		}
	})
}

// On ntfy.sh a storm of a day leaves something of the day's messages for its last hour, with whatever topics.
func TestR04TheDaysMessagesAreEkedOut(t *testing.T) {
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, _ string) {
		c.day = newClient(NewConfig().Server, "", nil, nil, msg.Bot{}).day
		for began := time.Now(); time.Since(began) < 24*time.Hour; time.Sleep(time.Minute) {
			for _, chat := range c.chats {
				limit, ok := errors.AsType[*msg.RetryAfterError](c.Send(t.Context(), chat, msg.Message{Text: msg.Text{{Text: "x"}}}))
				if ok && (limit.After > dailyEvery || limit.Scope != msg.WholePlatform) {
					t.Fatal(limit)
				}
			}
		}
		all, late := s.Messages(), 0
		for _, m := range all {
			if time.Since(m.Time) < time.Hour {
				late++
			}
		}
		if len(all) > 250 || len(all) < 200 || late < 3 || len(s.Requests()) != len(all) {
			t.Errorf("%d messages in a day, %d of them in its last hour, %d requests", len(all), late, len(s.Requests()))
		}
		if own := newClient("https://ntfy.example.org", "", nil, nil, msg.Bot{}); own.day != nil {
			t.Error("a server of one's own has a limit of a day")
		}
	})
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	inMemory(t, func(t *testing.T, s *ntfytest.Server, c *client, chat string) {
		if name, err := c.Me(t.Context()); name != "phil" || err != nil {
			t.Errorf("Me = %q, %v", name, err)
		}
		title, err := c.CanPost(t.Context(), chat)
		if reach, ok := errors.AsType[*msg.ReachError](err); title != "topics[1] on "+s.Addr() || !ok || !reach.Unsure {
			t.Errorf("CanPost = %q, %v", title, err)
		}
		c.token = "tk_wrong"
		if _, err := c.Me(t.Context()); err == nil || !strings.Contains(err.Error(), "token is not accepted (401)") {
			t.Errorf("Me = %v with a wrong token", err)
		}
		s.Script(func(posttest.Request) posttest.Fault { return posttest.Page(200) })
		_, err = c.CanPost(t.Context(), chat)
		if reach, ok := errors.AsType[*msg.ReachError](err); !ok || reach.Unsure {
			t.Errorf("CanPost = %v where no ntfy is", err)
		}
	})
}

func TestTopicsGoByTheSameAliasForEver(t *testing.T) {
	c := NewConfig()
	c.Topics = []string{ntfytest.Topic, ntfytest.Topic2}
	got := c.Chats()
	if want := []string{config.Alias(platform, "https://ntfy.sh/"+ntfytest.Topic), got[1]}; !slices.Equal(got, want) ||
		got[0] == got[1] || !regexp.MustCompile(`^[0-9a-f]{6}$`).MatchString(got[0]) {
		t.Errorf("aliases are %q", got)
	}
}

// The list of short codes is a file of ntfy's documentation, docs/emojis.md, which is not part of this project.
func TestFlagsAreThoseOfTheDocumentation(t *testing.T) {
	for country, want := range map[store.Country]string{
		"BE": "belgium", "US": "us", "GB": "gb", "GW": "guinea_bissau", "LC": "st_lucia", "TT": "trinidad_tobago",
		"CI": "cote_divoire", "": "", "QQ": "",
	} {
		if got := shortCode(country); got != want {
			t.Errorf("the flag of %q is %q, want %q", country, got, want)
		}
	}
	file := os.Getenv("NTFY_EMOJIS")
	if file == "" {
		t.Skip("NTFY_EMOJIS names no copy of docs/emojis.md")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range regexp.MustCompile(`<code>([^<]+)</code></td><td class=e>([\x{1F1E6}-\x{1F1FF}]{2})<`).FindAllStringSubmatch(string(text), -1) {
		letters := []rune(m[2])
		country := store.Country([]byte{byte(letters[0]-'🇦') + 'A', byte(letters[1]-'🇦') + 'A'})
		if n++; shortCode(country) != m[1] && shortCode(country) != "" {
			t.Errorf("the flag of %s is %q, want %q", country, shortCode(country), m[1])
		}
	}
	if n < 250 {
		t.Errorf("found %d flags", n)
	}
}

var _ = bottest.Canary // it is in the topics
