package telegramtest

import (
	"fmt"
	"html"
	"net/http"
	"time"

	"friendlyfire/bot/bottest"
)

// Fault handles a request wrongly.
type Fault func(*exchange)

// Fail makes the next requests to the method meet the faults, one each, in this order.
func (s *Server) Fail(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// Script makes choose return the fault of every request that Fail has none for; nil is none. It is called with one
// request at a time, and must not call the server. A nil choose ends the script.
func (s *Server) Script(choose func(Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = choose
}

// RetryAfter is a 429. Until the time, in whole seconds, has passed, every post to the chat is refused and counted as
// early.
func RetryAfter(wait time.Duration) Fault {
	return func(x *exchange) {
		x.s.mu.Lock()
		err := x.s.hold(x.q.Chat, wait)
		x.s.mu.Unlock()
		x.answer(nil, err)
	}
}

// Refuse is a refusal by the API, such as 403, "Forbidden: bot was kicked from the group chat".
func Refuse(code int, description string) Fault {
	return func(x *exchange) { x.answer(nil, &refusal{Code: code, Text: description}) }
}

// MigrateTo is the answer to a post to a group that has become the supergroup with this id.
func MigrateTo(chat int64) Fault {
	return func(x *exchange) { x.answer(nil, upgraded(chat)) }
}

// Page is an HTML page of a proxy, which contains the URL of the request and so the token.
func Page(status int) Fault {
	return func(x *exchange) {
		x.ended(status)
		x.w.Header().Set("Content-Type", "text/html")
		x.w.WriteHeader(status)
		_, _ = fmt.Fprintf(x.w, "<html><title>%d</title>%s</html>", status, html.EscapeString(x.url()))
	}
}

// Echo is a refusal in JSON, which contains the URL of the request and so the token.
func Echo(status int) Fault {
	return func(x *exchange) { x.answer(nil, &refusal{Code: status, Text: "cannot reach " + x.url()}) }
}

func (x *exchange) url() string { return "http://" + x.r.Host + x.r.URL.String() }

// Body is an answer with this body.
func Body(status int, body string) Fault {
	return func(x *exchange) {
		x.ended(status)
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
		result, err := x.do()
		x.s.Delay(x.r, delay)
		x.answer(result, err)
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
		x.s.Drip(x.w, x.r)
	}
}

// Flood answers with spaces without end, as fast as the client reads them.
func Flood() Fault { return func(x *exchange) { bottest.Flood(x.w) } }
