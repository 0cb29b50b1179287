package telegram

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// refusal is an answer that is no yes, from the Bot API or from something on the way to it.
type refusal struct {
	method  string
	code    int
	api     bool   // the Bot API itself has said so
	text    string // its description, cleaned
	after   time.Duration
	movedTo int64
}

func (r *refusal) Error() string {
	if r.text == "" {
		return fmt.Sprintf("%s: status %d", r.method, r.code)
	}
	return fmt.Sprintf("%s: status %d: %s", r.method, r.code, r.text)
}

// unsent is a request that never left.
type unsent struct{ error }

func (e *unsent) Unwrap() error { return e.error }

// failure is what the library's error means. Whatever is neither a refusal nor unsent may have taken effect.
func (c *Client) failure(method string, w *transport, answer *tg.APIResponse, err error) error {
	if no, ok := errors.AsType[*tg.Error](err); ok {
		return &refusal{
			method: method,
			// The library forgets the code of an upload's refusal, and a proxy's JSON has none.
			code:    cmp.Or(answer.ErrorCode, w.status),
			api:     answer.ErrorCode != 0,
			text:    c.clean(no.Message),
			after:   cmp.Or(time.Duration(no.RetryAfter)*time.Second, w.after),
			movedTo: no.MigrateToChatID,
		}
	}
	if w.status >= http.StatusMultipleChoices {
		return &refusal{method: method, code: w.status, after: w.after}
	}
	err = c.hide(method, err)
	if w.unsent {
		return &unsent{err}
	}
	return err
}

// hide names the method that failed, and drops an error that tells the token: a broken proxy may have echoed it.
func (c *Client) hide(method string, err error) error {
	if c.tells(err.Error()) {
		return errors.New(method + ": an error that cannot be shown, it holds the token")
	}
	return fmt.Errorf("%s: %w", method, err)
}

// clean makes a description fit to be logged and kept.
func (c *Client) clean(description string) string {
	if c.tells(description) {
		return "a description that cannot be shown, it holds the token"
	}
	return store.Clean(description, 200)
}

// tells reports whether s holds the secret part of the token, or the beginning of it.
func (c *Client) tells(s string) bool {
	_, secret, _ := strings.Cut(c.token, ":")
	return strings.Contains(s, secret[:8])
}

// defaultHold is how long to wait after a 429 that does not say.
const defaultHold = 30 * time.Second

// classify turns the error of a post into one of package msg's. A 429 of the Bot API never says what it holds back; it
// is taken for the chat's, for the limits of the whole bot are far from what Client lets through.
func classify(err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		if no, ok := errors.AsType[*unsent](err); ok {
			return &msg.NotSentError{Reason: no.Error()}
		}
		return err
	}
	switch {
	case r.code == http.StatusTooManyRequests && r.api:
		return &msg.RetryAfterError{After: cmp.Or(r.after, defaultHold), Scope: msg.ThisChat}
	case r.code == http.StatusTooManyRequests:
		return &msg.RetryAfterError{After: cmp.Or(r.after, defaultHold), Scope: msg.WholePlatform}
	case r.movedTo != 0:
		return &msg.MovedError{To: strconv.FormatInt(r.movedTo, 10)}
	case r.aboutMessage():
		return &msg.RejectedError{Reason: r.Error()}
	case r.code >= http.StatusBadRequest && r.code < http.StatusInternalServerError && r.api:
		return &msg.NotSentError{Reason: r.Error(), After: probeFirst}
	case r.code >= http.StatusMultipleChoices && r.code < http.StatusInternalServerError: // a page of something on the way
		return &msg.NotSentError{Reason: r.Error()}
	}
	return r // it may have been sent
}

// aboutMessage reports whether the message itself is at fault, so that no other attempt can succeed.
func (r *refusal) aboutMessage() bool {
	return r.code == http.StatusRequestEntityTooLarge ||
		r.code == http.StatusBadRequest && r.api && r.movedTo == 0 && !r.aboutChat()
}

// chatFaults are descriptions of a 400 that an administrator can cure, and that must not cost an alert.
var chatFaults = []string{
	"chat not found", "user not found", "peer_id_invalid", "group chat was", "chat_write_forbidden", "chat_restricted",
	"not enough rights", "have no rights", "need administrator rights", "chat_admin_required", "_forbidden",
	"message thread not found", "topic_closed", "topic_deleted", "user_banned_in_channel",
}

func (r *refusal) aboutChat() bool {
	text := strings.ToLower(r.text)
	return slices.ContainsFunc(chatFaults, func(s string) bool { return strings.Contains(text, s) })
}
