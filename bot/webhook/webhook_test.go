package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/post/posttest"
	"friendlyfire/bot/webhook/webhooktest"
	"friendlyfire/config"
)

// inMemory runs a test with a receiver of webhooks, and a client of the first of them.
func inMemory(t *testing.T, change func(*Config), test func(*testing.T, *webhooktest.Server, *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := webhooktest.Start(t, 8084)
		c := NewConfig()
		c.Private, c.Key = []string{"127.0.0.1"}, config.NewSecret(webhooktest.Key)
		c.Targets = []Target{{Chat: "ops", URL: config.NewSecret(s.URL() + webhooktest.Path), Line: 1}}
		change(c)
		connection, err := c.Connect(msg.Bot{Dial: s.Dial})
		if err != nil {
			t.Fatal(err)
		}
		test(t, s, connection.(*client))
	})
}

func unchanged(*Config) {}

var alert = msg.Message{
	Text: msg.Text{
		{Text: "🇧🇪 "},
		{Text: "sshd", Style: msg.Code},
		{Text: " on web1 banned "},
		{Text: "198.51.100.7", Style: msg.Code},
		{Text: " (Belgium)\nProbably a person\n"},
		{Text: "sudo fail2ban-client set sshd unbanip 198.51.100.7", Style: msg.Code},
	},
	Kind: msg.Alert, Nonce: "ABCDEFGHIJKLMNOPQRST", Command: "sudo fail2ban-client set sshd unbanip 198.51.100.7",
	Bans: []msg.Ban{{
		Address: "198.51.100.7", Jail: "sshd", Source: "web1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Duration: time.Hour, Country: "BE", Friend: "Belgium", Verdict: "person",
	}},
}

// The example is that of the reference libraries of Standard Webhooks.
func TestSignaturesAreThoseOfStandardWebhooks(t *testing.T) {
	key, err := decodeKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	sign(h, key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	for name, want := range map[string]string{
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestARepeatHasTheSameIdAndASignatureOfItsOwn(t *testing.T) {
	inMemory(t, unchanged, func(t *testing.T, s *webhooktest.Server, c *client) {
		if err := c.Send(t.Context(), "ops", alert); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := c.Send(t.Context(), "ops", alert.AsRepeat()); err != nil {
			t.Fatal(err)
		}
		first, second := s.Messages()[0], s.Messages()[1]
		for _, m := range []webhooktest.Message{first, second} {
			if !m.Signed || m.ID != alert.Nonce || m.HeaderID != m.ID {
				t.Errorf("signed %v, id %q and %q", m.Signed, m.ID, m.HeaderID)
			}
		}
		if first.Repeat || !second.Repeat || !strings.Contains(second.Text, "(may repeat)") || first.HeaderStamp == second.HeaderStamp {
			t.Errorf("the repeat is %+v", second)
		}
		if err := c.Send(t.Context(), "ops", msg.Message{Text: msg.Text{{Text: "x"}}}); err != nil || !s.Messages()[2].Signed {
			t.Errorf("a message without a nonce: %v, signed %v", err, s.Messages()[2].Signed)
		}
	})
}

func TestTheAccountInAURLTravelsInAHeader(t *testing.T) {
	inMemory(t, func(c *Config) {
		c.Targets[0].URL = config.NewSecret(strings.Replace(c.Targets[0].URL.Reveal(), "http://", "http://me:a%40b@", 1))
	}, func(t *testing.T, s *webhooktest.Server, c *client) {
		if err := c.Send(t.Context(), "ops", alert); err != nil {
			t.Fatal(err)
		}
		q := s.Requests()[0]
		if got, want := q.Header.Get("Authorization"), "Basic "+base64.StdEncoding.EncodeToString([]byte("me:a@b")); got != want ||
			strings.Contains(q.Path, "me:") {
			t.Errorf("Authorization: %q, want %q, of %q", got, want, q.Path)
		}
	})
}

func TestDocumentsAreAsTheSchemaSays(t *testing.T) {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	forever := alert
	forever.Bans = append([]msg.Ban{{Address: "2001:db8::1", Duration: -time.Second, Verdict: "unclear"}}, alert.Bans...)
	for name, m := range map[string]msg.Message{
		"alert": alert, "repeat": alert.AsRepeat(), "storm": forever,
		"digest": {Text: msg.Text{{Text: "12 bans\x00\u202e"}}, Kind: msg.Digest, Silent: true, Photo: []byte("\x89PNG")},
		"test":   {Text: msg.Text{{Text: "x"}}},
	} {
		body := document(m, "ABCDEFGHIJKLMNOPQRST", time.Now())
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(value); err != nil {
			t.Errorf("%s: %v\n%s", name, err, body)
		}
	}
	var d map[string]any
	if err := json.Unmarshal(document(forever, "X", time.Now()), &d); err != nil {
		t.Fatal(err)
	}
	first := d["bans"].([]any)[0].(map[string]any)
	if first["seconds"] != -1.0 || d["kind"] != "alert" || d["bans"].([]any)[1].(map[string]any)["seconds"] != 3600.0 {
		t.Errorf("got %v", d)
	}
}

func TestChartsAreSentOnRequest(t *testing.T) {
	report := msg.Message{Text: msg.Text{{Text: "Bans"}}, Photo: []byte("\x89PNG"), Fallback: "BE ███", Kind: msg.Digest}
	inMemory(t, func(c *Config) { c.Charts = true }, func(t *testing.T, s *webhooktest.Server, c *client) {
		if err := c.Send(t.Context(), "ops", report); err != nil || !bytes.Equal(s.Messages()[0].Chart, report.Photo) {
			t.Errorf("%v, %+v", err, s.Messages())
		}
	})
	inMemory(t, unchanged, func(t *testing.T, s *webhooktest.Server, c *client) {
		if err := c.Send(t.Context(), "ops", report); err != nil || s.Messages()[0].Chart != nil ||
			!strings.Contains(s.Messages()[0].Text, "BE ███") {
			t.Errorf("%v, %+v", err, s.Messages())
		}
	})
}

// What becomes of a message, for every answer.
func TestR30OnlyTheMessagesOwnFaultGivesItUp(t *testing.T) {
	const sent, unsent, unknown, unclear, limited = "sent", "unsent", "unknown", "unclear", "limited"
	answer := func(status int, header ...string) posttest.Fault {
		h := map[string]string{}
		for i := 0; i < len(header); i += 2 {
			h[header[i]] = header[i+1]
		}
		return posttest.Is(posttest.Answer{Status: status, Header: h, Body: webhooktest.Path})
	}
	const date = "Sat, 01 Jan 2000 00:00:00 GMT"
	for name, tc := range map[string]struct {
		fault posttest.Fault
		want  string
		after time.Duration
	}{
		"200": {answer(200), sent, 0}, "202": {answer(202), sent, 0}, "204": {answer(204), sent, 0},
		"a success that drips":  {posttest.Drip(), sent, 0},
		"429":                   {answer(429), limited, 30 * time.Second},
		"429, seconds":          {answer(429, "Retry-After", "120"), limited, 2 * time.Minute},
		"429, a fraction":       {answer(429, "Retry-After", "0.3"), limited, 300 * time.Millisecond},
		"429, nonsense":         {answer(429, "Retry-After", "soon"), limited, 30 * time.Second},
		"429, negative":         {answer(429, "Retry-After", "-5"), limited, 30 * time.Second},
		"429, for ever":         {answer(429, "Retry-After", "1e300"), limited, 7 * 24 * time.Hour},
		"429, not a number":     {answer(429, "Retry-After", "NaN"), limited, 30 * time.Second},
		"429, a date":           {answer(429, "Retry-After", "Sat, 01 Jan 2000 00:05:00 GMT", "Date", date), limited, 5 * time.Minute},
		"429, another clock":    {answer(429, "Retry-After", "Mon, 01 Jan 2024 00:05:00 GMT", "Date", "Mon, 01 Jan 2024 00:00:00 GMT"), limited, 5 * time.Minute},
		"429, a date that past": {answer(429, "Retry-After", "Fri, 31 Dec 1999 00:00:00 GMT", "Date", date), limited, 30 * time.Second},
		"503, seconds":          {answer(503, "Retry-After", "60"), limited, time.Minute},
		"503":                   {answer(503), unclear, 0},
		"500":                   {answer(500), unclear, 0}, "502": {posttest.Page(502), unclear, 0},
		"301": {answer(301, "Location", "http://127.0.0.1:1/"), unsent, time.Minute}, "307": {posttest.Redirect("http://127.0.0.1:1/"), unsent, time.Minute},
		"400": {answer(400), unknown, 0}, "413": {answer(413), unknown, 0}, "422": {answer(422), unknown, 0},
		"401": {answer(401), unsent, time.Minute}, "403": {answer(403), unsent, time.Minute},
		"404": {answer(404), unsent, time.Minute}, "405": {answer(405), unsent, time.Minute},
		"410":     {answer(410), unsent, 15 * time.Minute},
		"dropped": {posttest.Drop(), unclear, 0}, "hangs": {posttest.Hang(), unclear, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, unchanged, func(t *testing.T, s *webhooktest.Server, c *client) {
				s.Script(func(posttest.Request) posttest.Fault { return tc.fault })
				begun := time.Now()
				err := c.Send(t.Context(), "ops", alert)
				got, after := unclear, time.Duration(0)
				limit, isLimit := errors.AsType[*msg.RetryAfterError](err)
				no, isUnsent := errors.AsType[*msg.NotSentError](err)
				switch {
				case err == nil:
					got = sent
				case isLimit:
					got, after = limited, limit.After
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
				if err != nil && regexp.MustCompile(`CANARY|127\.0|:8084|hooks`).MatchString(err.Error()) {
					t.Errorf("the error holds a secret: %v", err)
				}
				if n := len(s.Requests()); n != 1 {
					t.Errorf("%d requests", n)
				}
				if isLimit { // and it is kept
					if err := c.Send(t.Context(), "ops", alert); err == nil || len(s.Requests()) != 1 {
						t.Errorf("sent before the pause is over: %v", err)
					}
				}
			})
		})
	}
}

// write writes a file that only its owner can read.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads a configuration with this section [webhook].
func load(t *testing.T, section string) (*Config, error) {
	t.Helper()
	file := write(t, "friendly = []\n[[source]]\nname = \"web1\"\npath = \"bans.csv\"\n[webhook]\n"+section)
	c, err := config.Loader{File: file, Sections: func() []config.Section { return []config.Section{NewConfig()} }}.Load(config.ToRun)
	if err != nil {
		return nil, err
	}
	return c.Platforms[0].(*Config), nil
}

func TestMistakesOfTheFileOfURLsQuoteNothingOfIt(t *testing.T) {
	const secret = "CANARY"
	for text, want := range map[string]string{
		"ftp://example.org/" + secret:                   "line 1: expected a URL that begins with https://",
		secret:                                          "line 1: expected a URL that begins with https://",
		"https://" + secret + " \x7f%zz":                "line 1: the name before the URL",
		"https://%zz" + secret:                          "line 1: expected a URL that begins with https://",
		"\n# mine\nhttp://example.org/" + secret:        "line 3: needs https",
		"http://203.0.113.7/" + secret:                  "line 1: needs https",
		"https://10.0.0.1/" + secret:                    "which [webhook] private does not name",
		"https://[::ffff:127.0.0.1]/" + secret:          "which [webhook] private does not name",
		"https://[fe80::1%25eth0]/" + secret:            "which [webhook] private does not name",
		"https://example.org/#" + secret:                "line 1: a URL with # in it",
		secret + " https://example.org/x":               "line 1: the name before the URL",
		"# nothing\n# else":                             "the file holds no URL",
		"http://192.168.7.9:8123/api/webhook/" + secret: "",

		"https://example.org/" + secret + "\nhttps://example.org/" + secret:          "line 2: it has the URL or the name of line 1",
		"a https://example.org/" + secret + "\na https://example.org/2" + secret:     "line 2: it has the URL or the name of line 1",
		"https://example.org/" + secret + "\nops  https://example.net/2?k=" + secret: "",
	} {
		c, err := load(t, "urls_file = \""+write(t, text)+"\"\nprivate = [\"192.168.7.0/24\"]\n")
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", text, err)
		case want == "" && len(c.Chats()) == 0:
			t.Errorf("%q: no chats", text)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret)):
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	slack := "https://hooks.slack.com/services/T000/B000/CANARYcanary"
	for section, want := range map[string]string{
		"form = \"irc\"":                                       `expected "slack"`,
		"form = \"slack\"\ncharts = true":                      "has no effect",
		"private = [\"everything\"]":                           "expected a network",
		"private = [\"::ffff:10.0.0.0/104\"]":                  "expected a network",
		"private = [\"10.0.0.0/33\"]":                          "expected a network",
		"urls_file = \"" + slack + "\"":                        "webhook.urls_file",
		"urls = [\"" + slack + "\"]":                           "webhook.urls",
		"secret_file = \"" + write(t, "whsec_c2hvcnQ=") + "\"": "expected 24 to 64 bytes",
	} {
		if _, err := load(t, section); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %q", section, err, want)
		}
	}
	long := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32))
	if c, err := load(t, "secret_file = \""+write(t, long)+"\"\nurls_file = \""+write(t, "ops https://example.org/x")+"\""); err != nil ||
		c.Chats()[0] != "ops" || c.Key.Empty() {
		t.Errorf("%v", err)
	}
}

func TestCheckTellsWhereNothingIsSent(t *testing.T) {
	inMemory(t, unchanged, func(t *testing.T, _ *webhooktest.Server, c *client) {
		title, err := c.CanPost(t.Context(), "ops")
		if reach, ok := errors.AsType[*msg.ReachError](err); title != "line 1 of urls_file" || !ok || !reach.Unsure {
			t.Errorf("CanPost = %q, %v", title, err)
		}
		c.guard.private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		_, err = c.CanPost(t.Context(), "ops")
		if reach, ok := errors.AsType[*msg.ReachError](err); !ok || reach.Unsure || !strings.Contains(reach.Advice, "private") ||
			!strings.HasPrefix(reach.Reason, "its host is on this machine") {
			t.Errorf("CanPost = %v", err)
		}
	})
}
