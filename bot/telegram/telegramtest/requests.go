package telegramtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"friendlyfire/bot/bottest"
)

// maxBody bounds a request, in bytes. It leaves room for a photo that is too large, which must get its own refusal.
const maxBody = 24 << 20

// Request is a request that was received.
type Request struct {
	Time   time.Time
	Method string
	Host   string            // to which it was sent, with its port
	Chat   int64             // chat_id, 0 where the method has none
	Params map[string]string // without files
	Status int               // of the answer; 0: not answered
	Early  bool              // it came before the retry_after of an earlier 429 had passed

	photo []byte
	files []string // names of the parameters that are files
	index int      // in Server.requests
}

// number returns the parameter as a whole number, 0 if it is none.
func (q Request) number(name string) int64 {
	n, _ := strconv.ParseInt(q.Params[name], 10, 64)
	return n
}

// exchange is a request, with what is needed to answer it.
type exchange struct {
	s *Server
	w http.ResponseWriter
	r *http.Request
	q Request
}

// refusal is an answer that is not ok.
type refusal struct {
	Code       int
	Text       string
	RetryAfter time.Duration
	MigrateTo  int64
}

func (e *refusal) Error() string { return e.Text }

func bad(text string) error {
	return &refusal{Code: http.StatusBadRequest, Text: "Bad Request: " + text}
}

// upgraded is the refusal of a post to a group that has become a supergroup.
func upgraded(to int64) error {
	const text = "Bad Request: group chat was upgraded to a supergroup chat"
	return &refusal{Code: http.StatusBadRequest, Text: text, MigrateTo: to}
}

// errGone is a request that is not answered, because the client or the server is gone.
var errGone = errors.New("no answer")

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	token, method, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
	q := Request{Time: time.Now(), Method: method, Host: r.Host, Params: map[string]string{}}
	err := q.read(w, r)
	fault := s.arrived(&q)
	x := &exchange{s, w, r, q}
	if s.official != nil && err == nil {
		if wrong := s.official.CheckMethod(method, q.Params, q.files...); wrong != nil {
			s.tb.Errorf("telegramtest: not as the Bot API is described: %v", wrong)
		}
	}
	switch {
	case err != nil:
	case !found || !strings.HasPrefix(r.URL.Path, "/bot"):
		err = &refusal{Code: http.StatusNotFound, Text: "Not Found"}
	case token != Token:
		err = &refusal{Code: http.StatusUnauthorized, Text: "Unauthorized"}
	case fault != nil:
		fault(x)
		return
	}
	var result any
	if err == nil {
		result, err = x.do()
	}
	x.answer(result, err)
}

// do does what the request asks for.
func (x *exchange) do() (any, error) {
	s, q := x.s, x.q
	switch q.Method {
	case "getMe":
		return object{
			"id": BotID, "is_bot": true, "first_name": "Friendly Fire", "username": BotName,
			"can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
		}, nil
	case "getUpdates":
		return s.getUpdates(x.r.Context(), q)
	case "setMyCommands":
		return s.setMyCommands(q)
	case "sendMessage", "sendPhoto":
		return s.send(q)
	case "editMessageText", "editMessageMedia":
		return s.edit(q)
	case "sendChatAction":
		_, err := s.chat(q)
		return true, err
	case "answerCallbackQuery":
		return s.answerCallbackQuery(q)
	case "getChat":
		return s.getChat(q)
	case "getChatMember":
		return s.getChatMember(q)
	case "getWebhookInfo":
		return s.getWebhookInfo()
	case "deleteWebhook":
		return s.deleteWebhook(q)
	}
	return nil, &refusal{Code: http.StatusNotFound, Text: "Not Found: method not found"}
}

type object = map[string]any

// answer writes the result or the refusal, unless err is errGone.
func (x *exchange) answer(result any, err error) {
	if errors.Is(err, errGone) {
		bottest.Cut()
	}
	status, body := http.StatusOK, object{"ok": true, "result": result}
	if err != nil {
		no := &refusal{}
		if !errors.As(err, &no) {
			no = &refusal{Code: http.StatusInternalServerError, Text: err.Error()}
		}
		status = no.Code
		body = object{"ok": false, "error_code": no.Code, "description": no.Text}
		switch {
		case no.RetryAfter > 0:
			body["parameters"] = object{"retry_after": int(no.RetryAfter / time.Second)}
		case no.MigrateTo != 0:
			body["parameters"] = object{"migrate_to_chat_id": no.MigrateTo}
		}
	}
	x.ended(status)
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status)
	_ = json.NewEncoder(x.w).Encode(body)
}

// arrived records the request, and returns its fault, nil for none.
func (s *Server) arrived(q *Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.Early = isPost(q.Method) && s.heldUntil(q.Chat).After(q.Time)
	q.index = len(s.requests)
	s.requests = append(s.requests, *q)
	s.Notify()
	if queue := s.faults[q.Method]; len(queue) > 0 {
		s.faults[q.Method] = queue[1:]
		return queue[0]
	}
	if s.script != nil {
		return s.script(*q)
	}
	return nil
}

// ended records the status of the answer.
func (x *exchange) ended(status int) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.requests[x.q.index].Status = status
	x.s.Notify()
}

// read reads the parameters from the body, which has one of two encodings.
func (q *Request) read(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var err error
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		err = r.ParseMultipartForm(maxBody)
	} else {
		err = r.ParseForm()
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &refusal{Code: http.StatusRequestEntityTooLarge, Text: "Request Entity Too Large"}
	}
	if err != nil {
		return bad("the body cannot be read")
	}
	for name := range r.Form {
		q.Params[name] = r.Form.Get(name)
	}
	if r.MultipartForm != nil {
		q.files = slices.Sorted(maps.Keys(r.MultipartForm.File))
	}
	q.Chat = q.number("chat_id")
	if file, _, err := r.FormFile("photo"); err == nil {
		defer file.Close()
		if q.photo, err = io.ReadAll(file); err != nil {
			return fmt.Errorf("read the photo: %w", err)
		}
	}
	return nil
}

// isPost reports whether the method counts for the rate limits.
func isPost(method string) bool {
	return method == "sendMessage" || method == "sendPhoto" || method == "editMessageText" || method == "editMessageMedia"
}

// decode decodes a parameter that is JSON; a missing one leaves v as it is.
func (q Request) decode(name string, v any) error {
	if err := json.Unmarshal([]byte(cmp.Or(q.Params[name], "null")), v); err != nil {
		return bad("can't parse " + name + " JSON object")
	}
	return nil
}
