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

// ConflictError is another receiver of the bot's updates, for which Telegram answers 409. It allows only one.
type ConflictError struct {
	Webhook bool // a webhook is set; otherwise another program polls
}

func (e *ConflictError) Error() string {
	if e.Webhook {
		return "a webhook is set: Telegram sends there what is said to the bot"
	}
	return "another program polls with the same token"
}

// Pair listens for codes until accept returns true for one, and returns that attempt. It calls ready as soon as it
// listens, and drops what was sent before. It answers nobody.
//
// A code is the argument of a command, "/pair 123456" or the "/start 123456" of a link t.me/bot?start=123456, or a
// message of its own. In groups a bot receives only commands that name it, "/pair@bot 123456", unless it is an
// administrator: https://core.telegram.org/bots/features#privacy-mode
//
// Pair tries again after a failed connection until ctx ends. A *ConflictError and a refused token are final.
func (c *Client) Pair(
	ctx context.Context, ready func(msg.Self), accept func(msg.PairAttempt) bool,
) (msg.PairAttempt, error) {
	name, err := c.Me(ctx)
	if err != nil {
		return msg.PairAttempt{}, err
	}
	// A negative offset drops all updates but the last: https://core.telegram.org/bots/api#getupdates
	_, next, err := c.getUpdates(ctx, -1, 0)
	if err != nil {
		return msg.PairAttempt{}, conflict(err)
	}
	ready(msg.Self{Name: name})
	for failures := 0; ; {
		began := time.Now()
		batch, after, err := c.getUpdates(ctx, max(0, next), pollTimeout)
		switch final := conflict(err); {
		case ctx.Err() != nil:
			return msg.PairAttempt{}, context.Cause(ctx)
		case final != err: //nolint:errorlint // whether it was replaced
			return msg.PairAttempt{}, final
		case err != nil:
			if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusUnauthorized {
				return msg.PairAttempt{}, err
			}
			msg.Sleep(ctx, backoff(err, failures))
			failures++
			continue
		}
		failures, next = 0, after
		for _, raw := range batch {
			if a, ok := pairAttempt(raw, name); ok && accept(a) {
				// Confirm the update, or the bot would read it when it starts, which is harmless: so is an error here.
				_, _, _ = c.getUpdates(ctx, next, 0)
				return a, nil
			}
		}
		if len(batch) == 0 {
			msg.Sleep(ctx, time.Second-time.Since(began)) // no busy loop with a server that does not wait
		}
	}
}

// conflict replaces a 409 of the Bot API by a *ConflictError, and returns any other error as it is.
func conflict(err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok || r.status != http.StatusConflict || !r.fromAPI {
		return err
	}
	return &ConflictError{Webhook: strings.Contains(strings.ToLower(r.text), "webhook")}
}

// pairAttempt returns the attempt that an update is. A forwarded message, or one sent through another bot, is none.
func pairAttempt(raw json.RawMessage, name string) (a msg.PairAttempt, ok bool) {
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
		a.Unfit = "it was sent anonymously, in the name of a group or channel. " +
			"Switch “Remain anonymous” off for yourself in the group's administrators"
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
		digits = store.Clean(code, 20) // it counts as a wrong code
	}
	return digits, digits != ""
}

// name is the full name that the user has chosen, with the user name if there is one.
func (u *user) name() string {
	full := store.Clean(strings.TrimSpace(u.First+" "+u.Last), 100)
	if u.Name == "" {
		return full
	}
	return strings.TrimSpace(full + " @" + store.Clean(u.Name, 40))
}
