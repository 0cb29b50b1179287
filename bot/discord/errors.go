package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Codes in the bodies of refusals: https://discord.com/developers/docs/topics/opcodes-and-status-codes
const missingPermissions = 50013

// refusal is an answer other than a good one.
type refusal struct {
	Status int
	Code   int           // Discord's own, 0 where the body is not Discord's
	Text   string        // cleaned
	After  time.Duration // of a 429
	Global bool          // a 429 that holds for the whole bot
}

func (e *refusal) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("Discord answered %d", e.Status)
	}
	return fmt.Sprintf("Discord answered %d: %s (%d)", e.Status, e.Text, e.Code)
}

// invalid reports whether Discord counts the request against the address: 10,000 in ten minutes are a ban. 404 is
// not among them, but is as vain.
func (e *refusal) invalid() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusNotFound
}

// refusalOf returns nil for a good answer: 2xx, and JSON where there is a body.
func refusalOf(resp *http.Response, body []byte) *refusal {
	isJSON := strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json")
	if resp.StatusCode/100 == 2 && (isJSON || resp.StatusCode == http.StatusNoContent) {
		return nil
	}
	e := &refusal{Status: resp.StatusCode}
	var said struct {
		Code       int             `json:"code"`
		Message    string          `json:"message"`
		RetryAfter float64         `json:"retry_after"`
		Global     bool            `json:"global"`
		Errors     json.RawMessage `json:"errors"`
	}
	ours := isJSON && json.Unmarshal(body, &said) == nil
	if ours {
		e.Code, e.Text = said.Code, store.Clean(strings.TrimSpace(said.Message+" "+string(said.Errors)), 300)
	}
	if e.Status == http.StatusTooManyRequests {
		header, _ := strconv.ParseFloat(resp.Header.Get("Retry-After"), 64)
		e.After = seconds(max(header, said.RetryAfter))
		e.Global = said.Global || resp.Header.Get("X-RateLimit-Scope") == "global" || !ours // a page in place of JSON is Cloudflare's, and for all
		if e.After == 0 {
			e.After = time.Minute
		}
	}
	return e
}

// seconds rounds up to a millisecond, and down to a week what is past all sense.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(math.Ceil(min(s, 7*24*3600)*1000-1e-6)) * time.Millisecond
}

// classify tells the caller of Send, by type, what an error allows.
func classify(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the library's: its text holds the address, and that may hold a token
	}
	e, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		return err
	case e.Status == http.StatusTooManyRequests && e.Global:
		return &msg.RetryAfterError{After: e.After, Scope: msg.WholePlatform}
	case e.Status == http.StatusTooManyRequests:
		return &msg.RetryAfterError{After: e.After, Scope: msg.ThisChat}
	case e.Status == http.StatusBadRequest && e.Text != "", e.Status == http.StatusRequestEntityTooLarge:
		return &msg.RejectedError{Reason: e.Error()}
	case e.Status >= 300 && e.Status < 500 && e.Status != http.StatusRequestTimeout:
		return &msg.NotSentError{Reason: e.Error()} // a redirection among them: it is not followed
	default:
		return e // a broken answer, a gateway's error page: the message may have gone through
	}
}
