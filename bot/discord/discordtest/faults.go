package discordtest

import (
	"fmt"
	"html"
	"net/http"
	"time"
)

// Fault is what a request meets in place of its proper treatment.
type Fault func(*exchange)

// rule is a fault for the next requests that match.
type rule struct {
	pattern string
	left    int // negative: for ever
	fault   Fault
}

// Fail lets the next n requests that match the pattern meet the fault, all of them if n is negative. Rules are used
// up in the order in which they were set.
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

// Script asks choose for the fault of every request that Fail has none for; nil is none. It is called with one
// request at a time and must not call the server.
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

// RateLimit is a 429 of scope "user", "shared" or "global". Until the time is over every request of the route, or of
// the bot, is refused as well; not so for "shared", which others have used up.
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

// Cloudflare is a 429 of the network before Discord: a page, with a Retry-After in seconds.
func Cloudflare(after time.Duration) Fault {
	return func(x *exchange) {
		x.w.Header().Set("Retry-After", asSeconds(after))
		Page(http.StatusTooManyRequests)(x)
	}
}

// Refuse is an answer that says no: 403, 50013, "Missing Permissions".
func Refuse(status, code int, message string) Fault {
	return func(x *exchange) { x.answer(nil, &refusal{status, code, message}) }
}

// Page is an HTML page of a proxy, which tells what was asked, token and all.
func Page(status int) Fault {
	return func(x *exchange) {
		x.ended(status)
		x.w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		x.w.WriteHeader(status)
		_, _ = fmt.Fprintf(x.w, "<html><title>%d</title>%s</html>", status, html.EscapeString(x.echo()))
	}
}

// Echo is a refusal in JSON that tells what was asked, token and all.
func Echo(status int) Fault {
	return func(x *exchange) { x.answer(nil, &refusal{status, 0, "cannot pass on " + x.echo()}) }
}

func (x *exchange) echo() string {
	return fmt.Sprintf("%s http://%s%s %v", x.r.Method, x.r.Host, x.r.URL, x.r.Header)
}

// Body is an answer of exactly these bytes, said to be JSON.
func Body(status int, body string) Fault {
	return func(x *exchange) {
		x.ended(status)
		x.w.Header().Set("Content-Type", "application/json")
		x.w.WriteHeader(status)
		_, _ = fmt.Fprint(x.w, body)
	}
}

// Redirect sends the client elsewhere.
func Redirect(location string) Fault {
	return func(x *exchange) {
		x.ended(http.StatusTemporaryRedirect)
		http.Redirect(x.w, x.r, location, http.StatusTemporaryRedirect)
	}
}

// Drop does what is asked, and cuts the connection in place of an answer.
func Drop() Fault {
	return func(x *exchange) {
		_, _ = x.do()
		panic(http.ErrAbortHandler)
	}
}

// Slow does what is asked at once, and answers after the time: in between, the client does not know.
func Slow(after time.Duration) Fault {
	return func(x *exchange) {
		result, no := x.do()
		if !x.s.sleep(x.r.Context(), after) {
			panic(http.ErrAbortHandler)
		}
		x.answer(result, no)
	}
}

// Cut cuts the connection and does nothing.
func Cut() Fault { return func(*exchange) { panic(http.ErrAbortHandler) } }

// Hang never answers.
func Hang() Fault {
	return func(x *exchange) {
		x.s.sleep(x.r.Context(), 0)
		panic(http.ErrAbortHandler)
	}
}

// Drip does what is asked, and answers with a byte a second, for ever.
func Drip() Fault {
	return func(x *exchange) {
		_, _ = x.do()
		x.w.Header().Set("Content-Type", "application/json")
		for x.s.sleep(x.r.Context(), time.Second) {
			_, _ = x.w.Write([]byte(" "))
			_ = http.NewResponseController(x.w).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

// Flood answers with spaces without end, as fast as they are taken.
func Flood() Fault {
	return func(x *exchange) {
		chunk := make([]byte, 64<<10)
		for i := range chunk {
			chunk[i] = ' '
		}
		x.w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := x.w.Write(chunk); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}
}
