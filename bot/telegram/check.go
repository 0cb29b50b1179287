package telegram

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"friendlyfire/bot/msg"
)

// account is the bot as getMe describes it.
type account struct {
	Name     string `json:"username"`
	HearsAll *bool  `json:"can_read_all_group_messages"` // false: it has privacy mode
}

// Me returns the bot's user name. That it does shows that the token is valid.
func (c *Client) Me(ctx context.Context) (name string, err error) {
	me, err := c.me(ctx)
	return me.Name, err
}

func (c *Client) me(ctx context.Context) (me account, err error) {
	if err := c.callInto(ctx, callLimit, "getMe", nil, &me); err != nil {
		return account{}, err
	}
	if me.Name == "" {
		return me, errors.New("getMe: an answer without a user name")
	}
	return me, nil
}

// rights are what may be posted. An absent right is granted: older servers do not send all of them.
// https://core.telegram.org/bots/api#chatpermissions
type rights struct {
	Text   *bool `json:"can_send_messages"`
	Photos *bool `json:"can_send_photos"`
	Posts  *bool `json:"can_post_messages"` // of an administrator, in channels
}

// chatInfo is a chat as getChat describes it.
type chatInfo struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	First  string `json:"first_name"`
	Forum  bool   `json:"is_forum"`
	Rights rights `json:"permissions"` // of ordinary members
}

// CanPost returns a chat's title, and an error saying why the bot cannot post messages or pictures there. It posts
// nothing, but a person sees that the bot is typing.
func (c *Client) CanPost(ctx context.Context, chat string) (title string, err error) {
	to, err := parseChat(chat)
	if err != nil {
		return "", err
	}
	params := tg.Params{"chat_id": strconv.FormatInt(to.chat, 10)}
	var info chatInfo
	if err := c.callInto(ctx, callLimit, "getChat", params, &info); err != nil {
		return "", err
	}
	title = c.clean(cmp.Or(info.Title, info.First))
	if info.Type == "private" {
		return title, c.checkPerson(ctx, params)
	}
	administers, err := c.checkMember(ctx, params, info)
	if r, ok := errors.AsType[*refusal](err); ok && r.movedTo != 0 {
		return c.checkMoved(ctx, to, r.movedTo)
	}
	if err != nil {
		return title, err
	}
	if me, err := c.me(ctx); err == nil && me.HearsAll != nil && !*me.HearsAll && !administers {
		// In privacy mode: https://core.telegram.org/bots/features#privacy-mode
		title += fmt.Sprintf(" (commands there name the bot: /report@%s)", me.Name)
	}
	return title, to.checkTopic(info, administers)
}

// checkPerson reports whether a person has blocked the bot, which only an action shows: getChat knows nothing of it.
func (c *Client) checkPerson(ctx context.Context, chat tg.Params) error {
	_, err := c.call(ctx, callLimit, "sendChatAction", tg.Params{"chat_id": chat["chat_id"], "action": "typing"}, nil)
	if r, ok := errors.AsType[*refusal](err); ok && r.fromAPI && r.status == http.StatusForbidden {
		return &msg.ReachError{
			Reason: r.text,
			Advice: "That person must open the chat with the bot, and press Start or Unblock.",
		}
	}
	return nil
}

// checkMember returns whether the bot is an administrator, and why it may not post.
func (c *Client) checkMember(ctx context.Context, chat tg.Params, info chatInfo) (administers bool, err error) {
	chat["user_id"] = c.id()
	var me struct {
		Status string `json:"status"`
		Member *bool  `json:"is_member"` // of the restricted, who may have left
		rights
	}
	if err := c.callInto(ctx, callLimit, "getChatMember", chat, &me); err != nil {
		return false, err
	}
	switch {
	case me.Status == "creator", me.Status == "administrator":
		return true, me.check("Grant the bot the right to post messages: the channel's administrators, the bot.")
	case me.Status == "member" && info.Type == "channel":
		return false, &msg.ReachError{
			Reason: "the bot is no administrator of the channel",
			Advice: "Make it one, with the right to post messages: the channel's administrators, Add Admin.",
		}
	case me.Status == "member":
		return false, info.Rights.check("Let members send messages and photos: the group's settings, Permissions. " +
			"Or make the bot an administrator.")
	case me.Status == "restricted" && (me.Member == nil || *me.Member):
		return false, me.and(info.Rights).check("Lift its restrictions, in the list of members, and let members send " +
			"messages and photos: the group's settings,\nPermissions. Or make the bot an administrator.")
	}
	return false, fmt.Errorf("the bot is not in the chat (%s)", c.clean(me.Status))
}

// checkMoved says which supergroup a group has become. Messages go there, unless the bot may not post there either.
func (c *Client) checkMoved(ctx context.Context, old destination, id int64) (title string, err error) {
	title, err = c.CanPost(ctx, strconv.FormatInt(id, 10))
	advice := fmt.Sprintf("Write %d in [telegram] chats, in place of %s.", id, old)
	if err != nil {
		return title, &msg.ReachError{
			Reason: fmt.Sprintf("the group has become the supergroup %d: %v", id, msg.Cause(err)), Advice: advice,
		}
	}
	return title, &msg.ReachError{
		Reason: fmt.Sprintf("the group has become the supergroup %d, where messages go", id), Advice: advice, Minor: true,
	}
}

// checkTopic says what is wrong with the topic. No method of a bot shows whether a topic exists or is closed.
func (d destination) checkTopic(info chatInfo, administers bool) error {
	const general = 1 // it takes only messages that name no topic
	switch {
	case d.thread != 0 && !info.Forum:
		return &msg.ReachError{
			Reason: fmt.Sprintf("the chat has no topics, and so no topic %d", d.thread),
			Advice: fmt.Sprintf("Write %d in [telegram] chats, or switch Topics on in the group's settings.", d.chat),
		}
	case d.thread == general:
		return &msg.ReachError{
			Reason: "the topic General has no number of its own",
			Advice: fmt.Sprintf("Write %d in [telegram] chats.", d.chat),
		}
	case d.thread == 0 && (!info.Forum || administers):
		return nil
	}
	name := "General is open"
	if d.thread != 0 {
		name = fmt.Sprintf("topic %d exists and is open", d.thread)
	}
	return &msg.ReachError{
		Reason: "whether " + name + " can only be seen by posting there: friendlyfire check --send",
		Advice: "A closed topic is opened again by its menu, or takes messages of a bot that is an administrator.\n" +
			"The number of another topic is found by: friendlyfire pair telegram",
		Unsure: true,
	}
}

// and returns the rights that are in both.
func (r rights) and(other rights) rights {
	both := func(a, b *bool) *bool {
		if a == nil || b != nil && !*b {
			return b
		}
		return a
	}
	return rights{both(r.Text, other.Text), both(r.Photos, other.Photos), both(r.Posts, other.Posts)}
}

// check returns why the holder of the rights may not post, with this advice.
func (r rights) check(advice string) error {
	denied := func(right *bool) bool { return right != nil && !*right }
	switch {
	case denied(r.Text) || denied(r.Posts):
		return &msg.ReachError{Reason: "the bot may not post in the chat", Advice: advice}
	case denied(r.Photos):
		return &msg.ReachError{Reason: "the bot may not post pictures in the chat: reports will be text", Advice: advice}
	}
	return nil
}
