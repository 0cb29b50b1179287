package ntfy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/ntfy/ntfytest"
	"friendlyfire/config"
)

// realServer is a running ntfy, the program that FRIENDLYFIRE_TEST_NTFY names. It listens on this machine alone, and
// only the user of its token may publish, to two topics.
type realServer struct{ url, token string }

func startReal(t *testing.T, attachments bool) realServer {
	t.Helper()
	program := os.Getenv("FRIENDLYFIRE_TEST_NTFY")
	if program == "" {
		t.Skip("FRIENDLYFIRE_TEST_NTFY names no ntfy server")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	dir := t.TempDir()
	text := fmt.Sprintf("base-url: http://%s\nlisten-http: %s\ncache-file: %s\nauth-file: %s\nauth-default-access: deny-all\n",
		address, address, filepath.Join(dir, "cache.db"), filepath.Join(dir, "auth.db"))
	if attachments {
		text += "attachment-cache-dir: " + filepath.Join(dir, "attachments") + "\nattachment-file-size-limit: 100k\n"
	}
	file := filepath.Join(dir, "server.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "serve", "--config", file)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("ntfy printed %s", log.String())
		}
	})
	for range 200 {
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	manage := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, append([]string{args[0], "--config", file}, args[1:]...)...)
		cmd.Env = append(os.Environ(), "NTFY_PASSWORD=a long one")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("ntfy %v: %v, %s", args, err, out)
		}
		return string(out)
	}
	manage("user", "add", "phil")
	manage("access", "phil", ntfytest.Topic, "read-write")
	return realServer{"http://" + address, tokenForm.FindString(manage("token", "add", "phil"))}
}

// client is a client of the server, with the alias of the topic that its user may write to, and of one that he may not.
func (s realServer) client(t *testing.T, token string) (c *client, open, closed string) {
	t.Helper()
	section := NewConfig()
	section.Server, section.Topics, section.Token = s.url, []string{ntfytest.Topic, ntfytest.Topic2}, config.NewSecret(token)
	connection, err := section.Connect(msg.Bot{})
	if err != nil {
		t.Fatal(err)
	}
	return connection.(*client), section.Chats()[0], section.Chats()[1]
}

// messages are what a subscriber of the topic gets: https://docs.ntfy.sh/subscribe/api/#json-message-format
func (s realServer) messages(t *testing.T) (all []ntfytest.Message) {
	t.Helper()
	for line := range bytes.Lines(s.get(t, s.url+"/"+ntfytest.Topic+"/json?poll=1")) {
		var m struct {
			ntfytest.Message
			Attachment *struct{ URL string }
		}
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if m.Message.Time = (time.Time{}); m.Priority == 0 {
			m.Priority = usual
		}
		if m.Attachment != nil {
			m.Picture = s.get(t, m.Attachment.URL)
		}
		all = append(all, m.Message)
	}
	return all
}

func (s realServer) get(t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v: %s", answer.StatusCode, err, body)
	}
	// The fake has no field of these names in another form.
	return regexp.MustCompile(`"time":\d+,`).ReplaceAll(body, nil)
}

// The real server and the fake show the same messages.
func TestARealNtfyTakesOurMessages(t *testing.T) {
	s, fake := startReal(t, true), ntfytest.Start(t, 0)
	fake.MaxAttachment = 100 << 10
	c, open, closed := s.client(t, s.token)
	f, fakeChat := connect(t, fake)
	picture := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0, 1, 0xfe}, 10_000)...)
	for _, m := range []msg.Message{
		alert,
		{Text: msg.Text{{Text: "🔴 trouble"}}, Kind: msg.Trouble},
		{Text: msg.Text{{Text: "head\nX-Priority: 5\n\nmore"}}, Kind: msg.News, Silent: true},
		{Text: msg.Text{{Text: "Bans 🇧🇪 of a week\nmore"}}, Photo: picture, Kind: msg.Digest, Silent: true, Fallback: "BE ███"},
		{Text: msg.Text{{Text: "larger than it takes\nmore"}}, Photo: bytes.Repeat(picture, 10), Fallback: "BE ███"},
		{Text: msg.Text{{Text: "=?utf-8?q?=E2=80=AE=0Aforged?= banned\nmore"}}},
		{Text: msg.Text{{Text: "head\nmore =?utf-8?q?=41?= " + `C:\new`}}, Photo: picture},
		{Text: msg.Text{{Text: "x" + strings.Repeat("é", maxMessage/2)}}},
		{Text: msg.Text{{Text: "head\n" + strings.Repeat("x", maxMessage-6) + "."}}, Command: alert.Command},
		{Text: msg.Text{{Text: strings.Repeat("\"<\\", 900)}}},
	} {
		if m.Photo == nil && !c.Fits(m) {
			t.Errorf("%.20q does not fit", m.Text)
		}
		if err := c.Send(t.Context(), open, m); err != nil {
			t.Errorf("%.20q: %v", m.Text, err)
		}
		if c.noActions.Load() { // it is older than the button
			fake.OldActions = true
		}
		if err := f.Send(t.Context(), fakeChat, m); err != nil {
			t.Errorf("%.20q: the fake: %v", m.Text, err)
		}
	}
	got, want := s.messages(t), fake.Messages()
	for i := range max(len(got), len(want)) {
		if i >= min(len(got), len(want)) {
			t.Fatalf("%d messages, the fake has %d", len(got), len(want))
		}
		want[i].Time = time.Time{}
		if fake.OldActions {
			want[i].Sequence = ""
		}
		if g, w := fmt.Sprintf("%+v", got[i]), fmt.Sprintf("%+v", want[i]); g != w {
			t.Errorf("the server shows\n%.300s\nthe fake\n%.300s", g, w)
		}
	}
	if name, err := c.Me(t.Context()); name != "phil" || err != nil {
		t.Errorf("Me = %q, %v", name, err)
	}
	_, err := c.CanPost(t.Context(), open)
	if reach, ok := errors.AsType[*msg.ReachError](err); !ok || !reach.Unsure {
		t.Errorf("CanPost = %v", err)
	}
	if err := c.Send(t.Context(), closed, alert); err == nil || !strings.Contains(err.Error(), "may not publish to the topic (403)") {
		t.Errorf("a topic of others: %v", err)
	}
	stranger, open, _ := s.client(t, ntfytest.Token)
	if _, err := stranger.Me(t.Context()); err == nil || !strings.Contains(err.Error(), "not accepted (401)") {
		t.Errorf("Me = %v with a wrong token", err)
	}
	if err := stranger.Send(t.Context(), open, alert); err == nil || !strings.Contains(err.Error(), "not accepted (401)") {
		t.Errorf("a wrong token: %v", err)
	}
	c.pace.SetLimit(rate.Inf) // and the server's own limit ends it
	for range 100 {
		err = c.Send(t.Context(), open, msg.Message{Text: msg.Text{{Text: "x"}}})
		if limit, ok := errors.AsType[*msg.RetryAfterError](err); ok && limit.After == 2*requestEvery {
			return
		}
	}
	t.Errorf("after a hundred messages at once: %v", err)
}

func TestARealNtfyWithoutAttachmentsGetsWords(t *testing.T) {
	s := startReal(t, false)
	c, open, _ := s.client(t, s.token)
	report := msg.Message{Text: msg.Text{{Text: "head\nmore"}}, Photo: []byte("\x89PNG\xff"), Fallback: "BE ███"}
	if err := c.Send(t.Context(), open, report); err != nil {
		t.Fatal(err)
	}
	if m := s.messages(t); len(m) != 1 || m[0].Picture != nil || m[0].Message != "more\n\nBE ███" {
		t.Errorf("got %+v", m)
	}
}
