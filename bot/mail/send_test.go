package mail

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/mail/mailtest"
	"friendlyfire/bot/msg"
)

func TestAnAlertIsPlainText(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		alert := "🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)\n5 failures\n.\nsudo fail2ban-client set sshd unbanip 198.51.100.7"
		m1 := say(alert)
		m1.Kind = msg.Alert
		if err := c.Send(t.Context(), mailtest.Admin, m1); err != nil {
			t.Fatal(err)
		}
		m := s.Mails()[0]
		if m.Problem != "" || m.Text != alert || m.HTML != "" || !slices.Equal(m.Types, []string{"text/plain"}) {
			t.Errorf("got %q %v, problem %q", m.Text, m.Types, m.Problem)
		}
		if want := "🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)"; m.Subject != want {
			t.Errorf("subject %q, want %q", m.Subject, want)
		}
		want := map[string]string{
			"From": `"friendlyfire" <alerts@example.org>`, "To": "<admin@example.org>",
			"Message-Id": "<NONCE1@example.org>", "Auto-Submitted": "auto-generated", "Precedence": "bulk",
			"List-Id":                  "friendlyfire <friendlyfire.example.org>",
			"X-Auto-Response-Suppress": "All", "Importance": "high", "Mime-Version": "1.0",
			"Content-Type": "text/plain; charset=UTF-8", "Date": "Sat, 01 Jan 2000 00:00:00 +0000",
		}
		for name, value := range want {
			if got := m.Header.Get(name); got != value && name != "Date" {
				t.Errorf("%s: %q, want %q", name, got, value)
			}
		}
		if at, err := m.Header.Date(); err != nil || !at.Equal(time.Now()) {
			t.Errorf("Date: %v, %v", at, err)
		}
		if m.From != mailtest.From || m.To != mailtest.Admin || !m.Secure {
			t.Errorf("envelope %q to %q, over TLS: %v", m.From, m.To, m.Secure)
		}
	})
}

func TestAPictureIsInlineAndInWords(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		want := shown(t, "Sat 8 Jan: 11 of 91 bans hit friends\nUsually <1> of 97")
		want.Silent = true
		if err := c.Send(t.Context(), mailtest.Admin, want); err != nil {
			t.Fatal(err)
		}
		m := s.Mails()[0]
		kinds := []string{"multipart/related", "multipart/alternative", "text/plain", "text/html", "image/png"}
		if m.Problem != "" || !slices.Equal(m.Types, kinds) {
			t.Errorf("parts %v, want %v; problem %q", m.Types, kinds, m.Problem)
		}
		if !bytes.Equal(m.Photo, want.Photo) || !strings.Contains(m.HTML, `src="cid:`+m.PhotoID+`"`) {
			t.Errorf("the picture %q is not in the page:\n%s", m.PhotoID, m.HTML)
		}
		if words := want.Text.String() + "\n\nBE ███ 3"; m.Text != words {
			t.Errorf("words %q, want %q", m.Text, words)
		}
		if !strings.Contains(m.HTML, "Usually &lt;1&gt; of 97") {
			t.Errorf("the page does not say so:\n%s", m.HTML)
		}
		if got := m.Header.Get("Importance"); got != "low" {
			t.Errorf("Importance: %q, want low", got)
		}
	})
}

// Whatever a name holds, it is read as it was written, and becomes no header and no command.
func TestS05NoTextBecomesAHeader(t *testing.T) {
	for _, text := range []string{
		"sshd\r\nBcc: victim@example.com\r\n\r\nbody", "sshd\rBcc: victim@example.com", "sshd\nBcc: victim@example.com",
		"a\u2028Bcc: x", "a\u0085Bcc: x", "a\x00b", "a\u202eb", "=?utf-8?q?Bcc:_x?=", "\r\n.\r\nMAIL FROM:<x>",
		".", "..", "\n.\n", "é" + strings.Repeat("ü", 400), strings.Repeat("x", 3000), strings.Repeat("x y", 3000),
		"\xff\xfe", "<script>alert(1)</script>", `"><img src=http://example.com/x>`, "💥 日本語 \t tab",
		"From me\nFrom you", "a\r\r\nb", "=\n=3D=\n",
	} {
		for _, m := range []msg.Message{say(text), shown(t, text), say("head\n" + text), shown(t, "head\n"+text)} {
			inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
				if err := c.Send(t.Context(), mailtest.Admin, m); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				if n := len(s.Mails()); n != 1 {
					t.Fatalf("%q: %d mails", text, n)
				}
				got := s.Mails()[0]
				words := m.Text.String()
				if m.Photo != nil {
					words += "\n\n" + m.Fallback
				}
				if want := strings.TrimRight(visible(words), "\n"); got.Problem != "" || got.Text != want {
					t.Errorf("reads %q, want %q; problem %q", got.Text, want, got.Problem)
				}
				for name := range got.Header {
					if !slices.Contains(headers, name) {
						t.Errorf("%q adds the header %s", text, name)
					}
				}
				if strings.ContainsAny(got.Subject, "\r\n\x00\u202e\u2028\u0085") || len([]rune(got.Subject)) > maxSubject {
					t.Errorf("%q: subject %q", text, got.Subject)
				}
				if strings.Contains(got.HTML, "<script") || strings.Contains(got.HTML, "<img src=http") {
					t.Errorf("%q is HTML", text)
				}
				for line := range strings.SplitSeq(got.Raw, "\r\n") {
					if len(line) > 998 {
						t.Errorf("%q: a line of %d bytes", text, len(line))
					}
				}
			})
		}
	}
}

// Mail programs make links of URLs in plain text, too.
func TestS21AURLThatSomebodyTriedIsNoLink(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		m := shown(t, "Tried ")
		for _, name := range []string{"https://evil.example/a", "HTTP://evil.example", "www.evil.example", "a:b", "x.y"} {
			m.Text = append(m.Text, msg.Run{Text: name, Style: msg.Code}, msg.Run{Text: ", "})
		}
		if err := c.Send(t.Context(), mailtest.Admin, m); err != nil {
			t.Fatal(err)
		}
		got := s.Mails()[0]
		page, _, _ := strings.Cut(strings.Split(got.HTML, "<body>")[1], "<img")
		for _, text := range []string{got.Text, page} {
			if strings.Contains(text, "://") || strings.Contains(text, "www.") || !strings.Contains(text, "evil.example/a") ||
				!strings.Contains(text, "a:b") {
				t.Errorf("reads %q", text)
			}
		}
	})
}

// headers are all that a mail has.
var headers = []string{
	"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Importance", "List-Id", "Message-Id", "Mime-Version",
	"Precedence", "Subject", "To", "X-Auto-Response-Suppress",
}

func TestARepeatHasTheSameID(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		lost := true
		s.Script(func(step mailtest.Step) mailtest.Fault {
			if step.Verb == "." && lost {
				lost = false
				return mailtest.Lose()
			}
			return nil
		})
		err := c.Send(t.Context(), mailtest.Admin, say("alert"))
		if _, sure := errors.AsType[*msg.NotSentError](err); err == nil || sure {
			t.Errorf("a lost answer: %v, want an error that leaves it open", err)
		}
		if err := c.Send(t.Context(), mailtest.Admin, say("alert").AsRepeat()); err != nil {
			t.Fatal(err)
		}
		m := s.Mails()
		if len(m) != 2 || m[0].ID() != m[1].ID() || m[1].Subject != "alert (may repeat)" {
			t.Errorf("%d mails, %q and %q", len(m), m[0].ID(), m[1].ID())
		}
		more := say("whois says")
		more.Nonce, more.Follows = "NONCE2", "NONCE1"
		if err := c.Send(t.Context(), mailtest.Admin, more); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"In-Reply-To", "References"} {
			if got := s.Mails()[2].Header.Get(name); got != m[0].ID() {
				t.Errorf("%s: %q, want %q", name, got, m[0].ID())
			}
		}
		other := say("alert")
		other.Nonce = ""
		for range 2 {
			if err := c.Send(t.Context(), mailtest.Admin, other); err != nil {
				t.Fatal(err)
			}
		}
		if m := s.Mails(); m[3].ID() == m[4].ID() {
			t.Error("answers without a nonce have the same id")
		}
	})
}

// A mail that breaks off is not sent, and is not ended by the leave that is taken.
func TestHalfAMailIsNoMail(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		c.dial = cutAfter(s, 3000)
		m := say(strings.Repeat("line\n", 5000))
		err := c.Send(t.Context(), mailtest.Admin, m)
		if _, ok := errors.AsType[*msg.NotSentError](err); !ok {
			t.Errorf("Send = %v, want not sent", err)
		}
		synctest.Wait()
		if n := len(s.Mails()); n != 0 {
			t.Errorf("%d mails arrived", n)
		}
	})
}

// A chat gets no more mails than a person reads: what comes meanwhile travels in one.
func TestR04AFloodIsSlowedDown(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		sent, held := 0, 0
		for range 600 {
			switch err := c.Send(t.Context(), mailtest.Admin, say("alert")).(type) { //nolint:errorlint // as it is returned
			case nil:
				sent++
			case *msg.RetryAfterError:
				held++
				time.Sleep(err.After)
			default:
				t.Fatal(err)
			}
			if time.Since(s.Steps("")[0].Time) > time.Minute {
				break
			}
		}
		if want := burst + 6; sent < want-1 || sent > want+1 || s.Sessions() != sent {
			t.Errorf("%d mails in a minute over %d connections, want about %d", sent, s.Sessions(), want)
		}
		if err := c.Send(t.Context(), mailtest.Second, say("alert")); err != nil {
			t.Errorf("another recipient waits too: %v", err)
		}
	})
}

// A storm of a day does not use up what a provider takes in one: its last hour is told as well.
func TestR04ADayOfAlertsStaysBelowTheProvidersLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		for began := time.Now(); time.Since(began) < 24*time.Hour; time.Sleep(time.Minute) {
			for _, to := range []string{mailtest.Admin, mailtest.Second} {
				limit, ok := errors.AsType[*msg.RetryAfterError](c.Send(t.Context(), to, say("alert")))
				if ok && (limit.After <= 0 || limit.After > dayEvery) {
					t.Fatalf("wait %v", limit.After)
				}
			}
		}
		all, late := s.Mails(), 0
		for _, m := range all {
			if time.Since(m.Time) < time.Hour {
				late++
			}
		}
		if len(all) > 500 || len(all) < 400 || late < 8 {
			t.Errorf("%d mails in a day, %d of them in its last hour", len(all), late)
		}
	})
}

// Pictures never hold back words.
func TestR29AnUploadThatHangsHoldsUpNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		s.Script(func(step mailtest.Step) mailtest.Fault {
			if step.Verb == "." && strings.Contains(step.Body, "image/png") {
				return mailtest.Hang()
			}
			return nil
		})
		hung := make(chan error, 3)
		for range 3 {
			go func() { hung <- c.Send(t.Context(), mailtest.Admin, shown(t, "digest")) }()
		}
		synctest.Wait()
		began := time.Now()
		for range 3 {
			if err := c.Send(t.Context(), mailtest.Second, say("alert")); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("alerts waited %v", took)
		}
		for range 3 {
			if err := <-hung; err == nil {
				t.Error("an upload did not hang")
			}
		}
	})
}

func TestR29AnswerWithoutItsPicture(t *testing.T) {
	for name, reply := range map[string]string{
		"too large": "552 5.3.4 message too big", "bare 552": "552 too big", "content": "554 5.6.0 no pictures",
		"policy": "554 5.7.1 rejected", "bare": "550 rejected",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
				s.Script(func(step mailtest.Step) mailtest.Fault {
					if step.Verb == "." && strings.Contains(step.Body, "image/png") {
						return mailtest.Reply(reply)
					}
					return nil
				})
				if err := c.Send(t.Context(), mailtest.Admin, shown(t, "digest")); err != nil {
					t.Fatal(err)
				}
				if m := s.Mails(); len(m) != 1 || m[0].Text != "digest\n\nBE ███ 3" || m[0].HTML != "" {
					t.Errorf("got %+v", m)
				}
			})
		})
	}
	t.Run("SIZE", func(t *testing.T) {
		inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
			s.Size = 1000
			if err := c.Send(t.Context(), mailtest.Admin, shown(t, "digest")); err != nil {
				t.Fatal(err)
			}
			if m := s.Mails(); len(m) != 1 || m[0].HTML != "" || len(s.Steps("DATA")) != 1 {
				t.Errorf("%d mails, %d attempts", len(m), len(s.Steps("DATA")))
			}
			err := c.Send(t.Context(), mailtest.Admin, say(strings.Repeat("x", 2000)))
			if _, ok := errors.AsType[*msg.RejectedError](err); !ok {
				t.Errorf("words that are too large: %v", err)
			}
		})
	})
}
