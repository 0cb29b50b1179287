package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// ConflictError is somebody else who receives what is sent to the bot. Telegram hands it to one receiver only.
type ConflictError struct {
	Webhook bool // a webhook is set; else another program polls
}

func (e *ConflictError) Error() string {
	if e.Webhook {
		return "a webhook is set: Telegram sends there what is said to the bot"
	}
	return "another program polls with the same token"
}

// Pair listens for codes until heard returns true, and returns the Attempt that it was true for. It calls ready when
// codes will be heard; what was sent before is dropped. Nobody is answered.
//
// A code is a command's argument, "/pair 123456" or the "/start 123456" of a link t.me/bot?start=123456, or alone in a
// message. In groups a bot hears commands that name it, "/pair@bot 123456", and no more, unless it is an administrator:
// https://core.telegram.org/bots/features#privacy-mode
//
// A connection that fails is tried again until ctx ends. A *ConflictError, or a token that is refused, is final.
func (c *Client) Pair(ctx context.Context, ready func(msg.Self), heard func(msg.PairAttempt) bool) (msg.PairAttempt, error) {
	name, err := c.Me(ctx)
	if err != nil {
		return msg.PairAttempt{}, err
	}
	// A negative offset drops all updates but the last: https://core.telegram.org/bots/api#getupdates
	_, next, err := c.updates(ctx, -1, 0)
	if err != nil {
		return msg.PairAttempt{}, conflict(err)
	}
	ready(msg.Self{Name: name})
	for failures := 0; ; {
		began := time.Now()
		batch, after, err := c.updates(ctx, max(0, next), pollTime)
		switch final := conflict(err); {
		case ctx.Err() != nil:
			return msg.PairAttempt{}, context.Cause(ctx)
		case final != err: //nolint:errorlint // whether it was exchanged
			return msg.PairAttempt{}, final
		case err != nil:
			if r, ok := errors.AsType[*refusal](err); ok && r.code == http.StatusUnauthorized {
				return msg.PairAttempt{}, err
			}
			sleep(ctx, pause(err, failures))
			failures++
			continue
		}
		failures, next = 0, after
		for _, raw := range batch {
			if a, ok := attempt(raw, name); ok && heard(a) {
				// Confirmed, or the bot would read it when it starts. It is harmless there, so that a failure is too.
				_, _, _ = c.updates(ctx, next, 0)
				return a, nil
			}
		}
		if len(batch) == 0 {
			sleep(ctx, time.Second-time.Since(began)) // a server that does not wait must not be asked without end
		}
	}
}

// conflict exchanges a 409 for a *ConflictError.
func conflict(err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok || r.code != http.StatusConflict {
		return err
	}
	return &ConflictError{Webhook: strings.Contains(r.text, "webhook")}
}

// attempt returns the code that an update holds. What others wrote and somebody forwards is no attempt.
func attempt(raw json.RawMessage, name string) (a msg.PairAttempt, ok bool) {
	var u update
	if json.Unmarshal(raw, &u) != nil || u.Message == nil || u.Message.From == nil {
		return a, false
	}
	m := u.Message
	code, ok := codeIn(m.Text, name)
	if !ok || m.ViaBot != nil || m.ForwardOrigin != nil || m.ForwardDate != 0 {
		return a, false
	}
	a = msg.PairAttempt{
		Code: code,
		User: strconv.FormatInt(m.From.ID, 10), UserName: m.From.name(),
		Chat: request(m, m.From, "").Chat, ChatName: store.Clean(m.Chat.Title, 100),
	}
	switch {
	case m.SenderChat != nil:
		a.Unfit = "it was sent anonymously, in the name of a group or channel. Switch “Remain anonymous” off for yourself in the group's administrators"
	case m.From.IsBot:
		return a, false
	}
	return a, true
}

// codeIn returns the code in a message to the bot called name.
func codeIn(text, name string) (string, bool) {
	if !strings.HasPrefix(text, "/") {
		rest, _ := strings.CutPrefix(text, "@"+name)
		return msg.CodeIn(strings.TrimSpace(rest))
	}
	text, mine := forBot(text, name)
	command, code, _ := strings.Cut(text, " ")
	if !mine || command != "/pair" && command != "/start" {
		return "", false
	}
	digits, ok := msg.CodeIn(strings.TrimSpace(code))
	if !ok {
		digits = store.Clean(code, 20) // counted as a wrong one
	}
	return digits, digits != ""
}

// name is what somebody calls himself.
func (u *user) name() string {
	full := store.Clean(strings.TrimSpace(u.First+" "+u.Last), 100)
	if u.Name == "" {
		return full
	}
	return strings.TrimSpace(full + " @" + store.Clean(u.Name, 40))
}
