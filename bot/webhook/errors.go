package webhook

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/post"
)

// Pauses after answers that do not say for how long.
const (
	limitPause = 30 * time.Second // after a 429
	gonePause  = 15 * time.Minute // after a 410, which is meant for good
)

// classify returns what an answer says of the message: https://www.standardwebhooks.com. Any success is one, whatever
// the rest of the answer.
func classify(a post.Answer) error {
	because := func(format string) *msg.NotSentError {
		return &msg.NotSentError{Reason: "because " + fmt.Sprintf(format, a.Status)}
	}
	after := post.RetryAfter(a.Header)
	switch {
	case a.Status/100 == 2:
		return nil
	case a.Status == http.StatusTooManyRequests:
		return &msg.RetryAfterError{After: cmp.Or(after, limitPause), Scope: msg.ThisChat}
	case a.Status == http.StatusServiceUnavailable && after > 0:
		return &msg.RetryAfterError{After: after, Scope: msg.ThisChat}
	case a.Status == http.StatusGone:
		no := because("the webhook is gone (%d)")
		no.After = gonePause
		return no
	case a.Status/100 == 3:
		return because("it redirects elsewhere (%d), which is not followed")
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		return because("it is not allowed (%d)")
	case a.Status == http.StatusNotFound:
		return because("there is no such webhook (%d)")
	case a.Status == http.StatusBadRequest, a.Status == http.StatusRequestEntityTooLarge,
		a.Status == http.StatusUnsupportedMediaType, a.Status == http.StatusUnprocessableEntity:
		return &msg.NotSentError{Reason: fmt.Sprintf("status %d", a.Status), Unknown: true}
	case a.Status/100 == 4:
		return because("the request is refused (%d)")
	}
	return fmt.Errorf("status %d", a.Status) // it may have arrived
}
