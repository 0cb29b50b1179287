package telegram

import (
	"context"
	"errors"
	"strings"

	"friendlyfire/bot/msg"
)

// Edit replaces a message, its buttons and its picture. A text can become a picture, but not the reverse, which is
// rejected. It waits and fails as Send does; to edit twice does no harm. If Telegram refuses the photo, there is no
// second attempt without: the message keeps what it has.
//
// https://core.telegram.org/bots/api#editmessagetext, https://core.telegram.org/bots/api#editmessagemedia
func (c *Client) Edit(ctx context.Context, chat, id string, m msg.Message) error {
	to, err := parseChat(chat)
	if err != nil {
		return &msg.RejectedError{Reason: err.Error()}
	}
	if !c.Fits(m) {
		return &msg.RejectedError{Reason: "longer than Telegram allows"}
	}
	text, entities, _ := compose(m.Text)
	method, params := "editMessageText", to.params(m)
	if m.Photo != nil {
		method = "editMessageMedia"
		params["media"] = encode(media{Type: "photo", Media: "attach://photo", Caption: text, Entities: entities})
	} else {
		withText(params, text, entities)
	}
	delete(params, "message_thread_id")
	delete(params, "disable_notification")
	params["message_id"] = id
	_, err = c.post(ctx, to, method, params, m.Photo)
	if r, ok := errors.AsType[*refusal](err); ok && strings.Contains(r.text, "message is not modified") {
		err = nil
	}
	return c.outcome(to, err)
}

// media is the picture of an edited message: https://core.telegram.org/bots/api#inputmediaphoto
type media struct {
	Type     string   `json:"type"`
	Media    string   `json:"media"`
	Caption  string   `json:"caption,omitempty"`
	Entities []entity `json:"caption_entities,omitempty"`
}
