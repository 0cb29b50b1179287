package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"friendlyfire/bot/msg"
)

// Send posts the message to a chat, "-1001234567890", or to a topic of it, "-1001234567890/45". It never truncates a
// message: one that does not fit is rejected. If Telegram refuses the photo, the caption is posted alone, with the
// fallback if there is one and it fits.
//
// It waits for Telegram's rate limits. After a 429 it makes no request, and returns *msg.RetryAfterError, until the
// time has passed. Every request is abandoned after 15 seconds.
func (c *Client) Send(ctx context.Context, chat string, m msg.Message) error {
	_, err := c.Post(ctx, chat, m)
	return err
}

// Post is Send, and returns the message_id; "" if Telegram's answer has none.
func (c *Client) Post(ctx context.Context, chat string, m msg.Message) (id string, err error) {
	to, err := parseChat(chat)
	if err != nil {
		return "", &msg.NotSentError{Reason: err.Error(), After: maxProbe}
	}
	text, entities, _ := compose(m.Text)
	blank := strings.TrimSpace(text) == ""
	if !c.Fits(m) {
		return "", &msg.RejectedError{Reason: "longer than Telegram allows"}
	}
	if blank && m.Photo == nil {
		return "", &msg.RejectedError{Reason: "a message without text"}
	}
	if m.Photo != nil {
		params := to.params(m)
		params["caption"] = text
		if entities != nil {
			params["caption_entities"] = encode(entities)
		}
		if m.Nonce != "" { // not an answer, for which somebody waits
			c.limits.yield(ctx, to.chat)
		}
		id, err := c.post(ctx, to, "sendPhoto", params, m.Photo)
		if r, ok := errors.AsType[*refusal](err); !ok || !r.refusesPhoto() || blank {
			return id, c.outcome(to, err)
		}
		c.Logger(platform).Warn("photo refused, its text is sent alone", "error", err)
		text, entities, _ = compose(m.InWords(c.Fits).Text)
	}
	id, err = c.post(ctx, to, "sendMessage", withText(to.params(m), text, entities), nil)
	return id, c.outcome(to, err)
}

// withText adds the parameters of a message of text.
func withText(params tg.Params, text string, entities []entity) tg.Params {
	params["text"] = text
	params["link_preview_options"] = `{"is_disabled":true}`
	if entities != nil {
		params["entities"] = encode(entities)
	}
	return params
}

// Resume implements msg.Resumer.
func (c *Client) Resume(chat string, last time.Time) {
	if to, err := parseChat(chat); err == nil {
		c.limits.resume(to.chat, last)
	}
}

// refusesPhoto reports whether the text alone may be accepted: the photo may be too large or unreadable, or photos
// forbidden in the chat.
func (r *refusal) refusesPhoto() bool {
	return r.status == http.StatusRequestEntityTooLarge ||
		r.status == http.StatusBadRequest && r.fromAPI && r.movedTo == 0
}

// post makes one request, as soon as the rate limits allow it, and returns the id of the message.
func (c *Client) post(
	ctx context.Context, to destination, method string, params tg.Params, photo []byte,
) (id string, err error) {
	if err := c.limits.wait(ctx, to.chat); err != nil {
		return "", err
	}
	ctx, done := msg.WithGrace(ctx)
	defer done()
	result, err := c.call(ctx, callLimit, method, params, photo)
	if err != nil {
		return "", err
	}
	var message struct {
		ID json.Number `json:"message_id"`
	}
	_ = json.Unmarshal(result, &message) // without an id it cannot be edited, and has arrived all the same
	return message.ID.String(), nil
}

// outcome classifies the error of a post, and lets the rate limits learn from it.
func (c *Client) outcome(to destination, err error) error {
	err = classify(err)
	c.limits.learn(to.chat, err)
	return err
}

// destination is a chat, or a topic of one.
type destination struct {
	chat   int64
	thread int64 // message_thread_id; 0: no topic
}

func parseChat(s string) (destination, error) {
	var d destination
	chat, thread, topic := strings.Cut(s, "/")
	id, err := strconv.ParseInt(chat, 10, 64)
	if err == nil && topic {
		d.thread, err = strconv.ParseInt(thread, 10, 64)
	}
	if err != nil || id == 0 || topic && d.thread <= 0 {
		return d, fmt.Errorf("%q is no chat id: -1001234567890, or -1001234567890/45 for a topic", s)
	}
	d.chat = id
	return d, nil
}

func (d destination) String() string {
	if d.thread == 0 {
		return strconv.FormatInt(d.chat, 10)
	}
	return fmt.Sprintf("%d/%d", d.chat, d.thread)
}

// params returns the parameters that every post has.
func (d destination) params(m msg.Message) tg.Params {
	p := tg.Params{"chat_id": strconv.FormatInt(d.chat, 10)}
	p.AddNonEmpty("reply_markup", keyboard(m.Buttons))
	if m.Silent {
		p["disable_notification"] = "true"
	}
	if d.thread != 0 {
		p["message_thread_id"] = strconv.FormatInt(d.thread, 10)
	}
	return p
}
