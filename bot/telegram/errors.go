package telegram

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// refusal is an answer that is not a success, from the Bot API or from a proxy on the way to it.
type refusal struct {
	method     string
	status     int    // of HTTP, or the Bot API's error_code, which is the same
	fromAPI    bool   // the Bot API itself has answered
	text       string // its description, cleaned
	retryAfter time.Duration
	movedTo    int64 // the supergroup that the group has become; 0: none
}

func (r *refusal) Error() string {
	if r.text == "" {
		return fmt.Sprintf("%s: status %d", r.method, r.status)
	}
	return fmt.Sprintf("%s: status %d: %s", r.method, r.status, r.text)
}

// unsent is a request that was not sent, not even in part.
type unsent struct{ error }

func (e *unsent) Unwrap() error { return e.error }

// callError returns an error of the library as a *refusal or an *unsent. After any other error, the request may have
// taken effect.
func (c *Client) callError(method string, t *transport, answer *tg.APIResponse, err error) error {
	if no, ok := errors.AsType[*tg.Error](err); ok {
		return &refusal{
			method: method,
			// The library drops the code when an upload is refused, and the JSON of a proxy has none.
			status:     cmp.Or(answer.ErrorCode, t.status),
			fromAPI:    answer.ErrorCode != 0,
			text:       c.clean(no.Message),
			retryAfter: cmp.Or(time.Duration(no.RetryAfter)*time.Second, t.retryAfter),
			movedTo:    no.MigrateToChatID,
		}
	}
	if t.status >= http.StatusMultipleChoices {
		return &refusal{method: method, status: t.status, retryAfter: t.retryAfter}
	}
	err = c.redact(method, err)
	if t.unsent {
		return &unsent{err}
	}
	return err
}

// redact adds the name of the method to an error, and replaces an error that contains the token, which a broken proxy
// may have echoed.
func (c *Client) redact(method string, err error) error {
	if c.hasToken(err.Error()) {
		return errors.New(method + ": an error that cannot be shown, it holds the token")
	}
	return fmt.Errorf("%s: %w", method, err)
}

// clean makes a description fit to be logged and stored.
func (c *Client) clean(description string) string {
	if c.hasToken(description) {
		return "a description that cannot be shown, it holds the token"
	}
	return store.Clean(description, 200)
}

// hasToken reports whether s contains the secret part of the token, or the beginning of it.
func (c *Client) hasToken(s string) bool {
	_, secret, _ := strings.Cut(c.token, ":")
	return strings.Contains(s, secret[:8])
}

// defaultRetryAfter is how long to wait after a 429 that does not say how long.
const defaultRetryAfter = 30 * time.Second

// classify turns the error of a post into one of package msg. A 429 of the Bot API does not say which limit was
// exceeded. The chat's is assumed, since Client stays far below the limits of the whole bot.
func classify(err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		if no, ok := errors.AsType[*unsent](err); ok {
			return &msg.NotSentError{Reason: no.Error(), Unreached: true}
		}
		return err
	}
	switch {
	case r.status == http.StatusTooManyRequests && r.fromAPI:
		return &msg.RetryAfterError{After: cmp.Or(r.retryAfter, defaultRetryAfter), Scope: msg.ThisChat}
	case r.status == http.StatusTooManyRequests:
		return &msg.RetryAfterError{After: cmp.Or(r.retryAfter, defaultRetryAfter), Scope: msg.WholePlatform}
	case r.movedTo != 0:
		return &msg.MovedError{To: strconv.FormatInt(r.movedTo, 10)}
	case r.aboutMessage():
		return &msg.RejectedError{Reason: r.Error()}
	case r.unknown():
		return &msg.NotSentError{Reason: r.Error(), Unknown: true}
	case r.status >= http.StatusBadRequest && r.status < http.StatusInternalServerError && r.fromAPI:
		return &msg.NotSentError{Reason: r.Error(), After: minProbe}
	case r.status >= http.StatusMultipleChoices && r.status < http.StatusInternalServerError: // from a proxy
		return &msg.NotSentError{Reason: r.Error()}
	}
	return r // the message may have been sent
}
