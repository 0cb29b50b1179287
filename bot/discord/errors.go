package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// refusal is an answer that is not a success, from Discord or from a proxy on the way to it.
type refusal struct {
	status     int           // of HTTP
	code       int           // of Discord, 0 if the body is not Discord's
	text       string        // cleaned
	retryAfter time.Duration // of a 429
	global     bool          // a 429 for the whole bot
}

func (e *refusal) Error() string {
	if e.text == "" {
		return fmt.Sprintf("Discord answered %d", e.status)
	}
	return fmt.Sprintf("Discord answered %d: %s (%d)", e.status, e.text, e.code)
}

// invalid reports whether the request counts as an invalid one. Discord bans an address after 10,000 of them in ten
// minutes. It does not count 404s, nor refusals for the state of the channel, but these are just as pointless to
// repeat.
func (e *refusal) invalid() bool {
	return e.status == http.StatusUnauthorized || e.status == http.StatusForbidden || e.status == http.StatusNotFound ||
		e.status == http.StatusBadRequest && slices.Contains(channelFaults, e.code)
}

// parseRefusal returns nil for a success: 2xx, and JSON if there is a body.
func parseRefusal(resp *http.Response, body []byte) *refusal {
	isJSON := strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json")
	if resp.StatusCode/100 == 2 && (isJSON || resp.StatusCode == http.StatusNoContent) {
		return nil
	}
	e := &refusal{status: resp.StatusCode}
	var answer struct {
		Code       int             `json:"code"`
		Message    string          `json:"message"`
		RetryAfter float64         `json:"retry_after"`
		Global     bool            `json:"global"`
		Errors     json.RawMessage `json:"errors"`
	}
	isDiscords := isJSON && json.Unmarshal(body, &answer) == nil
	if isDiscords {
		e.code, e.text = answer.Code, store.Clean(strings.TrimSpace(answer.Message+" "+string(answer.Errors)), 300)
	}
	if e.status == http.StatusTooManyRequests {
		header, _ := strconv.ParseFloat(resp.Header.Get("Retry-After"), 64)
		e.retryAfter = seconds(max(header, answer.RetryAfter))
		// A page instead of JSON comes from Cloudflare, and concerns the whole bot.
		e.global = answer.Global || resp.Header.Get("X-RateLimit-Scope") == "global" || !isDiscords
		if e.retryAfter == 0 {
			e.retryAfter = time.Minute
		}
	}
	return e
}

// seconds returns a duration of s seconds, rounded up to a millisecond, and a week at most.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(math.Ceil(min(s, 7*24*3600)*1000-1e-6)) * time.Millisecond
}

// classify turns the error of a request into one of package msg.
func classify(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the URL, which may contain a token
	}
	e, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		return err
	case e.status == http.StatusTooManyRequests && e.global:
		return &msg.RetryAfterError{After: e.retryAfter, Scope: msg.WholePlatform}
	case e.status == http.StatusTooManyRequests:
		return &msg.RetryAfterError{After: e.retryAfter, Scope: msg.ThisChat}
	case e.aboutMessage():
		return &msg.RejectedError{Reason: e.Error()}
	case e.unknown():
		return &msg.NotSentError{Reason: e.Error(), Unknown: true}
	case e.status >= 300 && e.status < 500 && e.status != http.StatusRequestTimeout:
		return &msg.NotSentError{Reason: e.Error()} // also a redirect, which is not followed
	default:
		return e // a broken answer, the error page of a proxy: the message may have been sent
	}
}
