package discordtest

import (
	"fmt"
	"html"
	"net/http"
	"time"

	"friendlyfire/bot/bottest"
)

// Fault handles a request wrongly.
type Fault func(*exchange)

// rule is a fault for the next requests that match.
type rule struct {
	pattern string
	left    int // negative: all
	fault   Fault
}

// Fail makes the next n requests that match the pattern meet the fault, all of them if n is negative. Earlier calls
// come first.
func (s *Server) Fail(pattern string, n int, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, &rule{pattern, n, fault})
}

// Heal ends all faults of Fail and Script.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.script = nil, nil
}

// Script makes choose return the fault of every request that Fail has none for; nil is none. It is called with one
// request at a time, and must not call the server. A nil choose ends the script.
func (s *Server) Script(choose func(Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = choose
}

func (s *Server) choose(q Request) Fault {
	for _, r := range s.rules {
		if r.left != 0 && q.matches(r.pattern) {
			r.left--
			return r.fault
		}
	}
	if s.script != nil {
		return s.script(q)
	}
	return nil
}

// RateLimit is a 429 of scope "user", "shared" or "global". Until the time has passed, every request of the route or of
// the bot is refused as well, but not after "shared", a limit that others have exceeded.
func RateLimit(after time.Duration, scope string) Fault {
	return func(x *exchange) {
		x.s.mu.Lock()
		switch scope {
		case "global":
			x.s.held[""] = time.Now().Add(after)
		case "user":
			x.s.held[x.q.Method+" "+x.q.Path] = time.Now().Add(after)
		}
		x.s.mu.Unlock()
		tooMany(x.w.Header(), after, scope)
		x.answer(nil, &refusal{Status: http.StatusTooManyRequests})
	}
}

// Cloudflare is a 429 from the network in front of Discord: a page, with a Retry-After in seconds.
func Cloudflare(after time.Duration) Fault {
	return func(x *exchange) {
		x.w.Header().Set("Retry-After", asSeconds(after))
		Page(http.StatusTooManyRequests)(x)
	}
}

// Refuse is a refusal by the API, such as 403, 50013, "Missing Permissions".
func Refuse(status, code int, message string) Fault {
	return func(x *exchange) { x.answer(nil, &refusal{status, code, message}) }
}

// Page is an HTML page of a proxy, which contains the request and so the token.
func Page(status int) Fault {
	return func(x *exchange) {
		x.ended(status)
		x.w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		x.w.WriteHeader(status)
		_, _ = fmt.Fprintf(x.w, "<html><title>%d</title>%s</html>", status, html.EscapeString(x.echo()))
	}
}

// Echo is a refusal in JSON, which contains the request and so the token.
func Echo(status int) Fault {
	return func(x *exchange) { x.answer(nil, &refusal{status, 0, "cannot pass on " + x.echo()}) }
}

func (x *exchange) echo() string {
	return fmt.Sprintf("%s http://%s%s %v", x.r.Method, x.r.Host, x.r.URL, x.r.Header)
}

// Body is an answer with this body, as JSON.
func Body(status int, body string) Fault {
	return func(x *exchange) {
		x.ended(status)
		x.w.Header().Set("Content-Type", "application/json")
		x.w.WriteHeader(status)
		_, _ = fmt.Fprint(x.w, body)
	}
}

// Redirect redirects the client.
func Redirect(location string) Fault {
	return func(x *exchange) {
		x.ended(http.StatusTemporaryRedirect)
		http.Redirect(x.w, x.r, location, http.StatusTemporaryRedirect)
	}
}

// Drop does what the request asks for, and cuts the connection instead of answering.
func Drop() Fault {
	return func(x *exchange) {
		_, _ = x.do()
		bottest.Cut()
	}
}

// Slow does what the request asks for at once, and answers after the delay.
func Slow(delay time.Duration) Fault {
	return func(x *exchange) {
		result, no := x.do()
		x.s.Delay(x.r, delay)
		x.answer(result, no)
	}
}

// Cut cuts the connection and does nothing.
func Cut() Fault { return func(*exchange) { bottest.Cut() } }

// Hang never answers.
func Hang() Fault { return func(x *exchange) { x.s.Hang(x.r) } }

// Drip does what the request asks for, and answers with a byte a second, without end.
func Drip() Fault {
	return func(x *exchange) {
		_, _ = x.do()
		x.w.Header().Set("Content-Type", "application/json")
		x.s.Drip(x.w, x.r)
	}
}

// Flood answers with spaces without end, as fast as the client reads them.
func Flood() Fault {
	return func(x *exchange) {
		x.w.Header().Set("Content-Type", "application/json")
		bottest.Flood(x.w)
	}
}
