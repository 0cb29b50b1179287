// Package ntfytest is a fake of an ntfy server, as strict as the real one: its rules and its answers are those of
// https://docs.ntfy.sh/publish/ and of the source of the server, github.com/binwiederhier/ntfy, server/server.go.
package ntfytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"friendlyfire/bot/post/posttest"
)

// Token is an access token, and Topic and Topic2 are topics, with the canary of bottest, since they are secrets as
// well.
const (
	Token  = "tk_0123456789abcdefghijklmnopqrs"
	Topic  = "CANARY-alerts-x7Qz"
	Topic2 = "CANARY-reports-k3Jb"
)

// Message is what a subscriber gets.
type Message struct {
	Topic    string
	Title    string
	Message  string
	Priority int
	Tags     []string
	Actions  []Action
	Sequence string
	Picture  []byte // nil: there is no attachment
	Time     time.Time
}

// Action is a button.
type Action struct{ Action, Label, Value, URL string }

// Server is an ntfy server. It is safe for concurrent use.
type Server struct {
	*posttest.Server

	// They may be changed before the first request.
	NoAttachments bool // the server has nowhere to put them
	MaxAttachment int  // bytes
	OldActions    bool // before 2.17, no button copies
	Open          bool // everybody may publish; else only Token may
	Burst         int  // requests at once; one more in five seconds

	mu       sync.Mutex
	messages []Message
	tokens   float64 // of the visitor's bucket
	filled   time.Time
}

// Start starts a server on a free port of 127.0.0.1, or for a port that is not 0, without a socket.
func Start(tb testing.TB, port int) *Server {
	tb.Helper()
	s := &Server{MaxAttachment: 15 << 20, Burst: 60}
	s.Server = posttest.New(tb, port, s.handle)
	return s
}

// Messages are the messages that have arrived, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Refuse is an answer of the server's: a status, and behind it the two digits of an error.
func Refuse(code int, text string) posttest.Answer {
	body, err := json.Marshal(map[string]any{"code": code, "http": code / 100, "error": text})
	if err != nil {
		panic(err)
	}
	return posttest.Answer{Status: code / 100, Header: map[string]string{"Content-Type": "application/json"}, Body: string(body)}
}

// Refused is Refuse as a fault.
func Refused(code int, text string) posttest.Fault { return posttest.Is(Refuse(code, text)) }

var topicPath = regexp.MustCompile(`^/[-_A-Za-z0-9]{1,64}$`)

func (s *Server) handle(q posttest.Request) posttest.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.allowed() {
		return Refuse(42901, "limit reached: too many requests")
	}
	authorized := s.Open || q.Header.Get("Authorization") == "Bearer "+Token
	switch {
	case q.Path == "/v1/health":
		return posttest.Answer{Status: http.StatusOK, Body: `{"healthy":true}`}
	case q.Path == "/v1/account" && authorized:
		return posttest.Answer{Status: http.StatusOK, Body: `{"username":"phil","role":"user"}`}
	case q.Header.Get("Authorization") != "" && !authorized, q.Path == "/v1/account":
		return Refuse(40101, "unauthorized")
	case q.Method == http.MethodPost && q.Path == "/":
		return s.publishJSON(q, authorized)
	case (q.Method == http.MethodPut || q.Method == http.MethodPost) && topicPath.MatchString(q.Path):
		return s.publish(q, strings.TrimPrefix(q.Path, "/"), authorized)
	}
	return Refuse(40401, "page not found")
}

// allowed takes a request out of the visitor's bucket.
func (s *Server) allowed() bool {
	now := time.Now()
	if s.filled.IsZero() {
		s.tokens, s.filled = float64(s.Burst), now
	}
	s.tokens = min(s.tokens+now.Sub(s.filled).Seconds()/5, float64(s.Burst))
	s.filled = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}

const maxMessage = 4096

// publishJSON is the transformation of a JSON body into a request with headers.
func (s *Server) publishJSON(q posttest.Request, authorized bool) posttest.Answer {
	if len(q.Body) > 2*maxMessage {
		return Refuse(41303, "JSON body too large")
	}
	var m struct {
		Topic, Title, Message string
		Priority              int
		Tags                  []string
		Actions               json.RawMessage
		Sequence              string `json:"sequence_id"`
	}
	if json.Unmarshal(q.Body, &m) != nil {
		return Refuse(40017, "invalid request: request body must be message JSON")
	}
	if !topicPath.MatchString("/" + m.Topic) {
		return Refuse(40009, "invalid request: topic invalid")
	}
	q.Body = []byte(m.Message)
	q.Header = maps.Clone(q.Header)
	for name, value := range map[string]string{
		"X-Title": m.Title, "X-Priority": fmt.Sprint(m.Priority), "X-Tags": strings.Join(m.Tags, ","),
		"X-Actions": string(m.Actions), "X-Sequence-ID": m.Sequence,
	} {
		if value != "" && value != "0" {
			q.Header.Set(name, value)
		}
	}
	return s.publish(q, m.Topic, authorized)
}

func (s *Server) publish(q posttest.Request, topic string, authorized bool) posttest.Answer {
	if !authorized {
		return Refuse(40301, "forbidden")
	}
	if slices.Contains([]string{"docs", "static", "file", "app", "metrics", "account", "settings", "signup", "login", "v1"}, topic) {
		return Refuse(40010, "invalid request: topic name is not allowed")
	}
	param := func(name string) string {
		value, err := new(mime.WordDecoder).DecodeHeader(q.Header.Get(name))
		if err != nil {
			return q.Header.Get(name)
		}
		return strings.TrimSpace(value)
	}
	m := Message{
		Topic: topic, Title: param("X-Title"), Sequence: param("X-Sequence-ID"), Time: time.Now(), Priority: 3,
		Message: strings.ReplaceAll(param("X-Message"), `\n`, "\n"),
	}
	if m.Sequence != "" && !topicPath.MatchString("/"+m.Sequence) { // the rule is that of topics
		return Refuse(40049, "invalid request: sequence ID invalid")
	}
	if p := param("X-Priority"); p != "" {
		if _, err := fmt.Sscan(p, &m.Priority); err != nil || m.Priority < 1 || m.Priority > 5 {
			return Refuse(40007, "invalid priority parameter")
		}
	}
	if tags := param("X-Tags"); tags != "" {
		m.Tags = strings.Split(tags, ",")
	}
	if a := q.Header.Get("X-Actions"); a != "" {
		if err := s.parseActions(a, &m.Actions); err != nil {
			return Refuse(40018, "invalid request: actions invalid; "+err.Error())
		}
	}
	if param("X-Filename") == "" && len(q.Body) < maxMessage && utf8.Valid(q.Body) {
		if len(q.Body) > 0 {
			m.Message = strings.TrimSpace(string(q.Body))
		}
	} else {
		switch {
		case s.NoAttachments:
			return Refuse(40014, "invalid request: attachments not allowed")
		case len(q.Body) > s.MaxAttachment:
			return Refuse(41301, "attachment too large, or bandwidth limit reached")
		}
		m.Picture = q.Body
		if m.Message == "" {
			m.Message = "You received a file: " + param("X-Filename")
		}
	}
	if m.Message == "" {
		m.Message = "triggered"
	}
	s.messages = append(s.messages, m)
	s.Notify()
	answer, err := json.Marshal(map[string]any{
		"id": fmt.Sprintf("m%011d", len(s.messages)), "time": m.Time.Unix(), "event": "message", "topic": topic,
		"message": m.Message, "title": m.Title,
	})
	if err != nil {
		panic(err)
	}
	return posttest.Answer{Status: http.StatusOK, Body: string(answer)}
}

func (s *Server) parseActions(text string, actions *[]Action) error {
	if err := json.Unmarshal([]byte(text), actions); err != nil {
		return err
	}
	if len(*actions) > 3 {
		return fmt.Errorf("only 3 actions allowed")
	}
	for _, a := range *actions {
		switch {
		case a.Action == "copy" && s.OldActions:
			return fmt.Errorf("parameter 'action' cannot be 'copy', valid values are 'view', 'broadcast' and 'http'")
		case a.Action == "copy" && a.Value == "":
			return fmt.Errorf("parameter 'value' is required for action 'copy'")
		case a.Label == "":
			return fmt.Errorf("parameter 'label' is required")
		case !slices.Contains([]string{"copy", "view", "http", "broadcast"}, a.Action):
			return fmt.Errorf("parameter 'action' cannot be '%s'", a.Action)
		}
	}
	return nil
}
