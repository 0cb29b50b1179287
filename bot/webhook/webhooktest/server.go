// Package webhooktest is a fake of what receives webhooks: it takes a document, checks its signature as
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md says, and keeps it.
package webhooktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot/post/posttest"
)

// Key is the key of the signatures, and Path and Path2 are the paths of two webhooks, which are their secrets, with the
// canary of bottest.
const (
	Key   = "whsec_Q0FOQVJZY2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXI="
	Path  = "/hooks/CANARY-4f9a0c7e"
	Path2 = "/hooks/CANARY-b81d22e3?token=CANARY-77"
)

// Message is a document that has arrived.
type Message struct {
	Path                  string
	ID, Kind, Text        string
	Silent, Repeat        bool
	Bans                  []map[string]any
	Command               string
	Chart                 []byte
	Body                  []byte `json:"-"`
	Time                  time.Time
	Signed                bool
	HeaderID, HeaderStamp string
}

// Server is the host of both webhooks. It is safe for concurrent use.
type Server struct {
	*posttest.Server

	mu       sync.Mutex
	messages []Message
}

// Start starts a server on a free port of 127.0.0.1, or for a port that is not 0, without a socket.
func Start(tb testing.TB, port int) *Server {
	tb.Helper()
	s := &Server{}
	s.Server = posttest.New(tb, port, s.handle)
	return s
}

// Messages are the documents that have arrived, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

func (s *Server) handle(q posttest.Request) posttest.Answer {
	switch {
	case q.Method != http.MethodPost:
		return posttest.Answer{Status: 405}
	case q.Path != Path && q.Path != Path2:
		return posttest.Answer{Status: 404}
	case q.Header.Get("Content-Type") != "application/json" || !json.Valid(q.Body):
		return posttest.Answer{Status: 400, Body: "invalid_payload"}
	}
	m := Message{
		Path: q.Path, Body: q.Body, Time: q.Time, Signed: Verify(q),
		HeaderID: q.Header.Get("webhook-id"), HeaderStamp: q.Header.Get("webhook-timestamp"),
	}
	if json.Unmarshal(q.Body, &m) != nil {
		return posttest.Answer{Status: 400, Body: "invalid_payload"}
	}
	m.Time = q.Time
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
	s.Notify()
	return posttest.Answer{Status: 200, Body: "ok"}
}

// Verify reports whether a request has a signature with Key that is not older than five minutes.
func Verify(q posttest.Request) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(Key, "whsec_"))
	stamp, err2 := strconv.ParseInt(q.Header.Get("webhook-timestamp"), 10, 64)
	if err != nil || err2 != nil || q.Time.Sub(time.Unix(stamp, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(q.Header.Get("webhook-id") + "." + q.Header.Get("webhook-timestamp") + "."))
	mac.Write(q.Body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for one := range strings.FieldsSeq(q.Header.Get("webhook-signature")) {
		if hmac.Equal([]byte(one), []byte(want)) {
			return true
		}
	}
	return false
}
