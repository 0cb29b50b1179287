package telegramtest

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"time"
)

// Fault is what a request meets in place of its proper treatment.
type Fault func(*exchange)

// exchange is one request and the means to answer it.
type exchange struct {
	s *Server
	w http.ResponseWriter
	r *http.Request
	q Request
}

// Fail lets the next requests to the method meet the faults, one each, in this order.
func (s *Server) Fail(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// Script asks choose for the fault of every request that Fail has none for; nil is none. A nil choose ends it.
// It is called with one request at a time and must not call the server.
func (s *Server) Script(choose func(Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = choose
}

// RetryAfter is a 429. Until the time, in whole seconds, is over, every post to the chat is refused and counted as early.
func RetryAfter(wait time.Duration) Fault {
	return func(x *exchange) {
		x.s.mu.Lock()
		err := x.s.hold(x.q.Chat, wait)
		x.s.mu.Unlock()
		x.s.answer(x.w, x.q, nil, err)
	}
}

// Refuse is an answer that says no: 403, "Forbidden: bot was kicked from the group chat".
func Refuse(code int, description string) Fault {
	return func(x *exchange) { x.s.answer(x.w, x.q, nil, &refusal{Code: code, Text: description}) }
}

// MigrateTo is a group that has become the supergroup of this id.
func MigrateTo(chat int64) Fault {
	return func(x *exchange) {
		x.s.answer(x.w, x.q, nil, &refusal{
			Code: http.StatusBadRequest, Text: "Bad Request: group chat was upgraded to a supergroup chat", MigrateTo: chat,
		})
	}
}

// Page is an HTML page of a proxy, which tells the address that was asked for, token and all.
func Page(status int) Fault {
	return func(x *exchange) {
		x.s.ended(x.q, status)
		x.w.Header().Set("Content-Type", "text/html")
		x.w.WriteHeader(status)
		_, _ = fmt.Fprintf(x.w, "<html><title>%d</title>http://%s%s</html>", status, x.r.Host, html.EscapeString(x.r.URL.String()))
	}
}

// Echo is a refusal in JSON that tells the address that was asked for, token and all.
func Echo(status int) Fault {
	return func(x *exchange) {
		x.s.answer(x.w, x.q, nil, &refusal{Code: status, Text: "cannot reach http://" + x.r.Host + x.r.URL.String()})
	}
}

// Body is an answer of exactly these bytes.
func Body(status int, body string) Fault {
	return func(x *exchange) {
		x.s.ended(x.q, status)
		x.w.WriteHeader(status)
		_, _ = fmt.Fprint(x.w, body)
	}
}

// Redirect sends the client elsewhere.
func Redirect(location string) Fault {
	return func(x *exchange) {
		x.s.ended(x.q, http.StatusTemporaryRedirect)
		http.Redirect(x.w, x.r, location, http.StatusTemporaryRedirect)
	}
}

// Drop does what is asked, and cuts the connection in place of an answer.
func Drop() Fault {
	return func(x *exchange) {
		_, _ = x.s.do(x.r, x.q)
		panic(http.ErrAbortHandler)
	}
}

// Slow does what is asked at once, and answers after the time: in between, the client does not know.
func Slow(after time.Duration) Fault {
	return func(x *exchange) {
		result, err := x.s.do(x.r, x.q)
		if !x.s.sleep(x.r.Context(), after) {
			panic(http.ErrAbortHandler)
		}
		x.s.answer(x.w, x.q, result, err)
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
		_, _ = x.s.do(x.r, x.q)
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
		for {
			if _, err := x.w.Write(chunk); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}
}

// sleep waits for the time, 0 for ever, and reports false when the client or the server is gone.
func (s *Server) sleep(ctx context.Context, wait time.Duration) bool {
	var over <-chan time.Time
	if wait > 0 {
		over = time.After(wait)
	}
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	case <-s.done:
		return false
	}
}
