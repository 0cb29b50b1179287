package ntfy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/post"
)

// Codes of ntfy's errors: https://github.com/binwiederhier/ntfy/blob/main/server/errors.go
const (
	codeTopicInvalid      = 40009
	codeTopicDisallowed   = 40010
	codeNotUTF8           = 40011
	codeNoAttachments     = 40014
	codeActions           = 40018
	codeAttachmentTooBig  = 41301
	codeBandwidth         = 42905 // of attachments, for a day
	codeDailyMessages     = 42908
	codeAuthFailures      = 42909
	codeNoSubscriberOfApp = 50701
)

// refusal is an answer that is no success.
type refusal struct {
	status, code int // code 0: the answer is not ntfy's
	retryAfter   time.Duration
}

func (e *refusal) Error() string {
	return fmt.Sprintf("ntfy answered: status %d (%d)", e.status, e.code)
}

// aboutPicture reports whether the text alone may pass.
func (e *refusal) aboutPicture() bool {
	return slices.Contains([]int{codeNoAttachments, codeAttachmentTooBig, codeBandwidth}, e.code) ||
		e.status == http.StatusRequestEntityTooLarge
}

var errNoServer = errors.New("not the API of ntfy, though it answers with a success")

// read returns nil for an answer that confirms a message: https://docs.ntfy.sh/subscribe/api/#json-message-format. The
// page of a portal does not.
func read(a post.Answer) error {
	var said struct {
		ID, Event string
		Code      int
	}
	bad := json.Unmarshal(a.Body, &said)
	switch {
	case a.Status/100 == 2 && (bad != nil || said.ID == "" || said.Event != "message"):
		return errNoServer
	case a.Status/100 == 2:
		return nil
	}
	return &refusal{status: a.Status, code: said.Code, retryAfter: post.RetryAfter(a.Header)}
}

// pauses are how long to wait after a 429 that does not say, by its code: ntfy's server never does, a proxy in front of
// it may. A limit of requests has room for another after five seconds.
func (e *refusal) pause() time.Duration {
	switch {
	case e.retryAfter > 0:
		return e.retryAfter
	case e.code == codeDailyMessages, e.code == codeAuthFailures:
		return 15 * time.Minute
	}
	return 2 * requestEvery
}

// classify turns a refusal into an error of package msg.
func classify(err error) error {
	e, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	because := func(format string) error {
		return &msg.NotSentError{Reason: "because " + fmt.Sprintf(format, e.status)}
	}
	switch {
	case e.status == http.StatusTooManyRequests:
		return &msg.RetryAfterError{After: e.pause(), Scope: msg.WholePlatform} // visitors are told apart by address
	case e.code == codeNotUTF8:
		return &msg.RejectedError{Reason: e.Error()}
	case e.code == codeTopicInvalid, e.code == codeTopicDisallowed:
		return because("the server does not allow the topic's name (%d)")
	case e.status == http.StatusUnauthorized:
		return because("the token is not accepted (%d)")
	case e.status == http.StatusForbidden:
		return because("the token may not publish to the topic (%d)")
	case e.status == http.StatusNotFound:
		return because("there is no ntfy server (%d)")
	case e.status == http.StatusBadRequest, e.status == http.StatusRequestEntityTooLarge:
		return &msg.NotSentError{Reason: e.Error(), Unknown: true}
	case e.status/100 == 3:
		return because("the server redirects elsewhere (%d), which is not followed")
	case e.status/100 == 4, e.code == codeNoSubscriberOfApp:
		return &msg.NotSentError{Reason: e.Error()}
	}
	return e // the message may have arrived
}
