package discord_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

const post = "POST /channels/*/messages"

func TestSend(t *testing.T) {
	s := discordtest.Start(t)
	c := newClient(t, s)
	m := msg.Message{
		Text:  msg.Text{{Text: "Ban", Style: msg.Bold}, {Text: " of @everyone"}},
		Photo: []byte("\x89PNG"),
		Nonce: "ban-17",
		Buttons: [][]msg.Button{{
			{Label: "7 days", Command: "/report country 7d"}, {Label: "All", Command: "/report country all"},
		}},
	}
	if err := c.Send(t.Context(), discordtest.Channel, m); err != nil {
		t.Fatal(err)
	}
	got := s.Messages()[0]
	all := discordtest.Button{Label: "All", CustomID: "/report country all"}
	if got.Content != `**Ban** of \@everyone` || got.Channel != discordtest.Channel || got.Nonce != "ban-17" ||
		got.Flags != 4 || got.File != "chart.png" || !bytes.Equal(got.Photo, m.Photo) || got.Buttons[0][1] != all {
		t.Errorf("arrived as %+v", got)
	}
}

func TestErrorsSayWhatMayBeDone(t *testing.T) {
	for name, tc := range map[string]struct {
		fault   discordtest.Fault
		want    string
		arrived int
	}{
		"nothing wrong": {nil, "sent", 1},
		"429": {
			discordtest.RateLimit(376*time.Millisecond, "user"), "retry after 376ms for the chat", 0,
		},
		"long 429": {
			discordtest.RateLimit(64570*time.Millisecond, "user"), "retry after 1m4.57s for the chat", 0,
		},
		"shared 429": {discordtest.RateLimit(time.Second, "shared"), "retry after 1s for the chat", 0},
		"global 429": {
			discordtest.RateLimit(1337*time.Second, "global"), "retry after 22m17s for the platform", 0,
		},
		"Cloudflare's 429":   {discordtest.Cloudflare(3 * time.Second), "retry after 3s for the platform", 0},
		"429 without a time": {discordtest.Page(429), "retry after 1m0s for the platform", 0},
		"429 without sense":  {discordtest.Body(429, `{"retry_after":-1e300}`), "retry after 1m0s for the chat", 0},
		"429 for ever": {
			discordtest.Body(429, `{"retry_after":1e300}`), "retry after 168h0m0s for the chat", 0,
		},
		"400":                  {discordtest.Refuse(400, 50035, "Invalid Form Body"), "rejected", 0},
		"413":                  {discordtest.Refuse(413, 40005, "Request entity too large"), "not sent", 0},
		"a proxy's 400":        {discordtest.Page(400), "not sent", 0},
		"401":                  {discordtest.Refuse(401, 0, "401: Unauthorized"), "not sent", 0},
		"403":                  {discordtest.Refuse(403, 50013, "Missing Permissions"), "not sent", 0},
		"404":                  {discordtest.Refuse(404, 10003, "Unknown Channel"), "not sent", 0},
		"redirect":             {discordtest.Redirect("http://127.0.0.1:1/"), "not sent", 0},
		"500":                  {discordtest.Refuse(500, 0, "Internal Server Error"), "unknown", 0},
		"502":                  {discordtest.Page(502), "unknown", 0},
		"a page":               {discordtest.Page(200), "unknown", 0},
		"dropped":              {discordtest.Drop(), "unknown", 1},
		"cut":                  {discordtest.Cut(), "unknown", 0},
		"echo of the request":  {discordtest.Echo(400), "not sent", 0},
		"echo of the request2": {discordtest.Echo(403), "not sent", 0},
		"R13 hang":             {discordtest.Hang(), "unknown", 0},
		"R13 drip":             {discordtest.Drip(), "unknown", 1},
		"R13 flood":            {discordtest.Flood(), "unknown", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				if tc.fault != nil {
					s.Fail(post, 1, tc.fault)
				}
				began := time.Now()
				err := c.Send(t.Context(), discordtest.Channel, plain("a"))
				if kind(err) != tc.want {
					t.Errorf("the error is %v (%s), want: %s", err, kind(err), tc.want)
				}
				if err != nil && strings.Contains(err.Error(), "CANARY") {
					t.Errorf("S01: the error holds a secret: %v", err)
				}
				if n := len(s.Messages()); n != tc.arrived {
					t.Errorf("%d messages arrived, want %d", n, tc.arrived)
				}
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("R13: the call took %v", took)
				}
				if n := len(s.Requests("")); n != 1 {
					t.Errorf("%d requests, want 1: nothing is tried again or followed", n)
				}
			})
		})
	}
}

func TestNoConnectionIsNotSent(t *testing.T) {
	s := discordtest.Start(t)
	c, err := discord.New(discordtest.Token, "http://127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), discordtest.Channel, plain("a")); kind(err) != "not sent" {
		t.Errorf("refused: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newClient(t, s).Send(ctx, discordtest.Channel, plain("a")); kind(err) != "not sent" {
		t.Errorf("stopped: %v", err)
	}
}

func TestR02NonceMakesNoCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		m := plain("a")
		m.Nonce = "ban-1"
		s.Fail(post, 1, discordtest.Drop())
		if err := c.Send(t.Context(), discordtest.Channel, m); kind(err) != "unknown" {
			t.Fatalf("a lost answer: %v", err)
		}
		time.Sleep(2*time.Minute - 16*time.Second)
		if err := c.Send(t.Context(), discordtest.Channel, m); err != nil {
			t.Fatalf("the second attempt: %v", err)
		}
		if n := len(s.Messages()); n != 1 {
			t.Errorf("%d copies, want 1", n)
		}
		t.Attr("reached", fmt.Sprintf("%d copies of a message whose answer was lost two minutes ago",
			len(s.Messages())-1))
	})
}

func TestR12TextSurvivesItsPhoto(t *testing.T) {
	refuse := func(n int) func(*discordtest.Server) {
		return func(s *discordtest.Server) { s.Fail(post, n, discordtest.Refuse(400, 50035, "Invalid")) }
	}
	for name, tc := range map[string]struct {
		prepare func(*discordtest.Server)
		photo   []byte
		want    string
	}{
		"too large": {nil, make([]byte, 11<<20), "sent"},
		"refused":   {refuse(1), []byte("png"), "sent"},
		"may not attach": {
			func(s *discordtest.Server) { s.Deny(discordtest.Channel, discordtest.AttachFiles) }, []byte("png"), "sent",
		},
		"text refused": {refuse(2), []byte("png"), "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			s := discordtest.Start(t)
			if tc.prepare != nil {
				tc.prepare(s)
			}
			m := plain("the text")
			m.Photo, m.Fallback, m.Nonce = tc.photo, "██ 12", "digest"
			if err := newClient(t, s).Send(t.Context(), discordtest.Channel, m); kind(err) != tc.want {
				t.Fatalf("the error is %v, want: %s", err, tc.want)
			}
			if tc.want != "sent" {
				return
			}
			if got := s.Messages(); len(got) != 1 || !strings.HasPrefix(got[0].Content, "the text\n\n```") ||
				!strings.Contains(got[0].Content, "██ 12") || got[0].File != "" {
				t.Errorf("arrived: %d, want the text and the bars: %+v", len(got), got)
			}
		})
	}
}

func TestS07NobodyIsMentioned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		hostile := msg.Text{}
		for _, style := range []msg.Style{msg.Plain, msg.Bold, msg.Code, msg.Pre} {
			hostile = append(hostile, msg.Run{Text: "@everyone @here <@400000000000000001> <@&1>\n", Style: style})
		}
		c.Answer = func(context.Context, msg.Request) msg.Message {
			return msg.Message{Text: hostile, Photo: []byte("png")}
		}
		if err := c.Send(t.Context(), discordtest.Channel, msg.Message{Text: hostile}); err != nil {
			t.Fatal(err)
		}
		bottest.Listen(t, c)
		s.AwaitListening(t)
		if _, err := answer(t, s.Slash(discordtest.Admin, "report")); err != nil {
			t.Fatal(err)
		}
		if n := s.Mentions(); n != 0 {
			t.Errorf("%d messages call somebody", n)
		}
		const edit = "PATCH /webhooks/*/*/messages/*"
		t.Attr("reached", fmt.Sprintf("%d of %d messages call somebody",
			s.Mentions(), len(s.Requests(post))+len(s.Requests(edit))))
		for _, pattern := range []string{post, edit} {
			for _, q := range s.Requests(pattern) {
				if !bytes.Contains(q.Body, []byte(`"allowed_mentions":{"parse":[]`)) {
					t.Errorf("%s without an empty parse", pattern)
				}
			}
		}
	})
}

func TestS11OnlyHTTPSButOnThisMachine(t *testing.T) {
	for api, ok := range map[string]bool{
		"https://discord.com": true, "https://proxy.example.org/discord/": true, "http://127.0.0.1:1": true,
		"http://[::1]:1": true, "http://localhost:1": true, "http://discord.com": false,
		"http://127.0.0.1.example.org": false, "ftp://127.0.0.1": false, "https://user:secret@example.org": false,
		"https://example.org?a=b": false, "discord.com": false, "": false,
	} {
		if _, err := discord.New(discordtest.Token, api, nil); (err == nil) != ok {
			t.Errorf("%q: %v", api, err)
		}
	}
	for _, token := range []string{
		"", "CANARY", "Bot " + discordtest.Token, discordtest.Token + "\n", "a.b.c", discordtest.Token + "\r\nX: y",
	} {
		if _, err := discord.New(token, discord.API, nil); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

func TestS12NothingIsSentToStrangers(t *testing.T) {
	for name, prepare := range map[string]func(*httptest.Server){
		"self-signed": func(*httptest.Server) {},
		"TLS 1.0": func(s *httptest.Server) {
			//nolint:gosec // it is to be refused
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			count := func(http.ResponseWriter, *http.Request) { asked.Add(1) }
			s := httptest.NewUnstartedServer(http.HandlerFunc(count))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			prepare(s)
			s.StartTLS()
			defer s.Close()
			c, err := discord.New(discordtest.Token, s.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = c.Send(t.Context(), discordtest.Channel, plain("a"))
			if kind(err) != "not sent" || asked.Load() != 0 {
				t.Errorf("the error is %v after %d requests", err, asked.Load())
			}
			if name == "TLS 1.0" && !strings.Contains(err.Error(), "protocol version") {
				t.Errorf("the version is not the reason: %v", err)
			}
		})
	}
}
