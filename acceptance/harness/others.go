package harness

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"friendlyfire/bot/ntfy"
	"friendlyfire/bot/ntfy/ntfytest"
	"friendlyfire/bot/post/posttest"
	"friendlyfire/bot/webhook"
	"friendlyfire/bot/webhook/webhooktest"
	"friendlyfire/config"
)

// Others make the platforms that hear no commands.
func Others() []NewFake { return []NewFake{newNtfy, newWebhook, newMail} }

// port is that of a fake in memory; 0 is any free one of the machine.
func port(inMemory bool, of int) int {
	if inMemory {
		return of
	}
	return 0
}

// faultOf is the fault for a server of HTTP.
func faultOf(f Fault) posttest.Fault {
	switch f.What {
	case Slow:
		return posttest.Slow(f.For)
	case Limited:
		header := map[string]string{}
		if f.For > 0 {
			header["Retry-After"] = fmt.Sprint(int((f.For + time.Second - 1) / time.Second))
		}
		return posttest.Is(posttest.Answer{Status: 429, Header: header})
	case Broken:
		return posttest.Page(502)
	case Lost:
		return posttest.Drop()
	case Hangs:
		return posttest.Hang()
	}
	return nil
}

// ntfyFake is an ntfy server.
type ntfyFake struct {
	*ntfytest.Server
	chats []string
}

func newNtfy(t *testing.T, inMemory bool) Fake {
	t.Helper()
	s := ntfytest.Start(t, port(inMemory, 8083))
	c := ntfy.NewConfig()
	c.Server, c.Topics = s.URL(), []string{ntfytest.Topic, ntfytest.Topic2}
	return ntfyFake{s, c.Chats()}
}

func (f ntfyFake) Name() string { return "ntfy" }

func (f ntfyFake) Section() string {
	return fmt.Sprintf("[ntfy]\nserver = %q\ntopics = [%q, %q]\ntoken_file = \"$DIR/ntfy\"\n",
		f.URL(), ntfytest.Topic, ntfytest.Topic2)
}

func (f ntfyFake) Files() map[string]string { return map[string]string{"ntfy": ntfytest.Token} }

func (f ntfyFake) Secrets() []string {
	return []string{ntfytest.Token, ntfytest.Topic, ntfytest.Topic2}
}

func (f ntfyFake) Chats() []string { return f.chats }

// chat is the alias of a topic.
func (f ntfyFake) chat(topic string) string {
	return f.chats[map[string]int{ntfytest.Topic: 0, ntfytest.Topic2: 1}[topic]]
}

func (f ntfyFake) Posts() (all []Post) {
	for _, m := range f.Messages() {
		all = append(all, Post{f.chat(m.Topic), strings.TrimPrefix(m.Title+"\n"+m.Message, "\n"), m.Picture, m.Time})
	}
	return all
}

func (f ntfyFake) Attempts() (all []Attempt) {
	for _, q := range f.Requests() {
		if a, ok := f.attempt(q); ok {
			all = append(all, a)
		}
	}
	return all
}

func (f ntfyFake) attempt(q posttest.Request) (Attempt, bool) {
	var m struct{ Topic, Title, Message string }
	switch {
	case q.Method == http.MethodPut:
		m.Topic, m.Title, m.Message = strings.TrimPrefix(q.Path, "/"), q.Header.Get("X-Title"), q.Header.Get("X-Message")
	case q.Method != http.MethodPost || json.Unmarshal(q.Body, &m) != nil:
		return Attempt{}, false
	}
	return Attempt{f.chat(m.Topic), m.Title + "\n" + m.Message, q.Method == http.MethodPut, q.Time}, true
}

func (f ntfyFake) Script(choose func(Attempt) Fault) {
	f.Server.Script(func(q posttest.Request) posttest.Fault {
		a, ok := f.attempt(q)
		if choose == nil || !ok {
			return nil
		}
		switch fault := choose(a); fault.What {
		case Malformed:
			return ntfytest.Refused(40011, "invalid request: message must be UTF-8 encoded")
		case Gone:
			return ntfytest.Refused(40301, "forbidden")
		default:
			return faultOf(fault)
		}
	})
}

// webhookFake are two webhooks, of which one has a name.
type webhookFake struct {
	*webhooktest.Server
	chats []string
}

func newWebhook(t *testing.T, inMemory bool) Fake {
	t.Helper()
	s := webhooktest.Start(t, port(inMemory, 8084))
	t.Cleanup(func() { asTheSchemaSays(t, s.Messages()) })
	return webhookFake{s, []string{config.Alias("webhook", s.URL()+webhooktest.Path), "ops"}}
}

// asTheSchemaSays fails the test for every document that is not.
func asTheSchemaSays(t *testing.T, documents []webhooktest.Message) {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(webhook.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", text); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range documents {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.Body))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil || !d.Signed || d.ID != d.HeaderID {
			t.Errorf("a document that is not as the schema says, or signed by another: %v, %s", err, d.Body)
		}
	}
}

func (f webhookFake) Name() string { return "webhook" }

func (f webhookFake) Section() string {
	return "[webhook]\nurls_file = \"$DIR/webhooks\"\nsecret_file = \"$DIR/webhook\"\nprivate = [\"127.0.0.0/8\"]\ncharts = true\n"
}

func (f webhookFake) Files() map[string]string {
	return map[string]string{
		"webhooks": "# two of them\n" + f.URL() + webhooktest.Path + "\n" +
			"ops http://" + account + "@" + f.Addr() + webhooktest.Path2 + "\n",
		"webhook": webhooktest.Key,
	}
}

func (f webhookFake) Secrets() []string {
	return []string{
		webhooktest.Key, strings.TrimPrefix(webhooktest.Key, "whsec_"), webhooktest.Path, webhooktest.Path2,
		account, base64.StdEncoding.EncodeToString([]byte(account)),
	}
}

// account is the name and the password in the URL of a webhook.
const account = "hook:CANARY-basic"

func (f webhookFake) Chats() []string { return f.chats }

// chat is the name of the webhook with that path.
func (f webhookFake) chat(path string) string {
	if path == webhooktest.Path {
		return f.chats[0]
	}
	return f.chats[1]
}

func (f webhookFake) Posts() (all []Post) {
	for _, m := range f.Messages() {
		all = append(all, Post{f.chat(m.Path), m.Text, m.Chart, m.Time})
	}
	return all
}

func (f webhookFake) Attempts() (all []Attempt) {
	for _, q := range f.Requests() {
		all = append(all, f.attempt(q))
	}
	return all
}

func (f webhookFake) attempt(q posttest.Request) Attempt {
	var m webhooktest.Message
	_ = json.Unmarshal(q.Body, &m) // what is no document has no text
	return Attempt{f.chat(q.Path), m.Text, m.Chart != nil, q.Time}
}

func (f webhookFake) Script(choose func(Attempt) Fault) {
	f.Server.Script(func(q posttest.Request) posttest.Fault {
		if choose == nil {
			return nil
		}
		switch fault := choose(f.attempt(q)); fault.What {
		case Malformed:
			return posttest.Is(posttest.Answer{Status: 400, Body: "invalid_payload"})
		case Gone:
			return posttest.Is(posttest.Answer{Status: 410, Body: "channel_is_archived"})
		default:
			return faultOf(fault)
		}
	})
}
