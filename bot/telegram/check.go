package telegram

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// Me returns the bot's user name. That it does shows that the token is valid.
func (c *Client) Me(ctx context.Context) (name string, err error) {
	var me struct {
		Name string `json:"username"`
	}
	if err := c.callInto(ctx, callLimit, "getMe", nil, &me); err != nil {
		return "", err
	}
	if me.Name == "" {
		return "", errors.New("getMe: an answer without a user name")
	}
	return me.Name, nil
}

// rights are what may be posted. An absent right is granted: older servers do not send all of them.
// https://core.telegram.org/bots/api#chatpermissions
type rights struct {
	Text   *bool `json:"can_send_messages"`
	Photos *bool `json:"can_send_photos"`
	Posts  *bool `json:"can_post_messages"` // of an administrator, in channels
}

// CanPost returns a chat's title, and an error saying why the bot cannot post messages or pictures there. It posts
// nothing.
func (c *Client) CanPost(ctx context.Context, chat string) (title string, err error) {
	to, err := parseChat(chat)
	if err != nil {
		return "", err
	}
	params := tg.Params{"chat_id": strconv.FormatInt(to.chat, 10)}
	var info struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		First  string `json:"first_name"`
		Rights rights `json:"permissions"`
	}
	if err := c.callInto(ctx, callLimit, "getChat", params, &info); err != nil {
		return "", err
	}
	title = c.clean(cmp.Or(info.Title, info.First))
	if info.Type == "private" {
		return title, nil
	}
	params["user_id"] = c.id()
	var me struct {
		Status string `json:"status"`
		rights
	}
	if err := c.callInto(ctx, callLimit, "getChatMember", params, &me); err != nil {
		return title, err
	}
	switch me.Status {
	case "creator", "administrator":
		return title, me.check()
	case "member":
		if info.Type == "channel" {
			return title, errors.New("the bot is no administrator of the channel")
		}
		return title, info.Rights.check()
	case "restricted":
		return title, me.check()
	}
	return title, fmt.Errorf("the bot is not in the chat (%s)", c.clean(me.Status))
}

func (r rights) check() error {
	denied := func(right *bool) bool { return right != nil && !*right }
	switch {
	case denied(r.Text) || denied(r.Posts):
		return errors.New("the bot may not post in the chat")
	case denied(r.Photos):
		return errors.New("the bot may not post pictures in the chat: reports will be text")
	}
	return nil
}
