package discordtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// Request is a request that was received.
type Request struct {
	Time   time.Time
	Method string
	Path   string // without /api/v9
	Header http.Header
	Body   []byte
	Status int // of the answer; 0: not answered
}

// matches reports whether the request matches a pattern such as "POST /channels/*/messages", where * is one segment of
// the path. "" matches all requests.
func (q Request) matches(pattern string) bool {
	ok, err := path.Match(pattern, q.Method+" "+q.Path)
	return pattern == "" || err == nil && ok
}

// refusal is an error of the API.
type refusal struct {
	Status  int    `json:"-"`
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// exchange is a request, with what is needed to answer it.
type exchange struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	q     Request
	index int // in Server.requests
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/gw") {
		s.serveGateway(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	q := Request{
		Time: time.Now(), Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/api/v9"),
		Header: r.Header.Clone(), Body: body,
	}
	if s.official != nil && len(body) <= maxRequest {
		if wrong := s.official.CheckRequest(q.Method, q.Path, q.Header, body); wrong != nil {
			s.tb.Errorf("discordtest: not as the API is described: %v", wrong)
		}
	}
	x := &exchange{s: s, w: w, r: r, q: q}
	s.mu.Lock()
	x.index = len(s.requests)
	s.requests = append(s.requests, q)
	fault := s.choose(q)
	s.Notify()
	s.mu.Unlock()
	if fault != nil {
		fault(x)
		return
	}
	result, no := x.do()
	x.answer(result, no)
}

// do does what the request asks for.
func (x *exchange) do() (any, *refusal) {
	s, q := x.s, x.q
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(strings.Trim(q.Path, "/"), "/")
	switch first := parts[0]; {
	case len(q.Body) > maxRequest:
		return nil, &refusal{http.StatusRequestEntityTooLarge, 40005, "Request entity too large"}
	case !strings.HasPrefix(q.Header.Get("User-Agent"), "DiscordBot ("):
		return nil, &refusal{http.StatusForbidden, 40333, "internal network error"}
	case first == "interactions":
		return s.callback(q, parts)
	case first == "webhooks":
		return s.editAnswer(x.r, q, parts)
	case q.matches("GET /gateway"):
		return map[string]string{"url": s.gatewayURL()}, nil
	case q.Header.Get("Authorization") != "Bot "+Token:
		return nil, &refusal{http.StatusUnauthorized, 0, "401: Unauthorized"}
	}
	if no := s.limit(x.w.Header(), q); no != nil {
		return nil, no
	}
	switch {
	case q.matches("GET /gateway/bot"):
		return map[string]any{"url": s.gatewayURL(), "shards": 1, "session_start_limit": map[string]int{
			"total": 1000, "remaining": 1000 - len(s.gateway.identifies), "reset_after": 86_400_000,
			"max_concurrency": 1,
		}}, nil
	case q.matches("GET /users/@me"):
		return s.botUser(), nil
	case q.matches("GET /channels/*"):
		return s.getChannel(parts[1])
	case q.matches("GET /guilds/*"):
		return s.getGuild(parts[1])
	case q.matches("GET /guilds/*/members/*"):
		return s.getMember(parts[1], parts[3])
	case q.matches("POST /channels/*/messages"):
		return s.post(x.r, q, parts[1])
	case q.matches("PATCH /channels/*/messages/*"):
		return s.edit(x.r, q, parts[1], parts[3])
	case q.matches("PUT /applications/*/guilds/*/commands"):
		return s.overwrite(q, parts[1], parts[3])
	}
	return nil, &refusal{http.StatusNotFound, 0, "404: Not Found"}
}

// answer writes the result or the refusal.
func (x *exchange) answer(result any, no *refusal) {
	status := http.StatusOK
	switch {
	case no != nil && no.Status == http.StatusTooManyRequests:
		status = no.Status
		after, _ := strconv.ParseFloat(x.w.Header().Get("Retry-After"), 64)
		result = map[string]any{
			"message": "You are being rate limited.", "retry_after": after,
			"global": x.w.Header().Get("X-RateLimit-Global") != "",
		}
	case no != nil:
		status, result = no.Status, no
	case result == nil:
		x.ended(http.StatusNoContent)
		x.w.WriteHeader(http.StatusNoContent)
		return
	}
	x.ended(status)
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status)
	_ = json.NewEncoder(x.w).Encode(result)
}

// ended records the status of the answer.
func (x *exchange) ended(status int) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.requests[x.index].Status = status
	x.s.Notify()
}

// Requests returns the requests that match a pattern such as "POST /channels/*/messages", or all for "", oldest first.
func (s *Server) Requests(pattern string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Request
	for _, q := range s.requests {
		if q.matches(pattern) {
			found = append(found, q)
		}
	}
	return found
}

// Invalid returns the maximum number of requests answered with 401, 403 or 404 in any window of that length.
func (s *Server) Invalid(window time.Duration) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var at []time.Time
	most := 0
	for _, q := range s.requests {
		if q.Status != http.StatusUnauthorized && q.Status != http.StatusForbidden && q.Status != http.StatusNotFound {
			continue
		}
		at = append(at, q.Time)
		for q.Time.Sub(at[0]) >= window {
			at = at[1:]
		}
		most = max(most, len(at))
	}
	return most
}

func (s *Server) newID() string {
	s.lastID++
	return strconv.FormatInt(s.lastID, 10)
}
