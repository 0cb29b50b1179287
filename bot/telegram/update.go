package telegram

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"

	"friendlyfire/bot/msg"
)

// tooOld is when a command is not answered any more: its sender has given up. Telegram keeps updates for a day.
const tooOld = 10 * time.Minute

// update is what the bot reads of an update; the library's type knows no topics. Other kinds, edited messages and
// channel posts among them, are left empty. https://core.telegram.org/bots/api#update
type update struct {
	Message  *message `json:"message"`
	Callback *struct {
		ID      string   `json:"id"`
		From    *user    `json:"from"`
		Message *message `json:"message"`
		Data    string   `json:"data"`
	} `json:"callback_query"`
}

type message struct {
	Date   int64  `json:"date"`
	From   *user  `json:"from"`
	Chat   chat   `json:"chat"`
	Text   string `json:"text"`
	Thread int64  `json:"message_thread_id"`
	Topic  bool   `json:"is_topic_message"` // else the thread is one of replies

	// Somebody else speaks: a channel, an anonymous administrator, whoever wrote what is forwarded, another bot.
	SenderChat    *chat           `json:"sender_chat"`
	ForwardOrigin json.RawMessage `json:"forward_origin"`
	ForwardDate   int64           `json:"forward_date"` // before Bot API 7.0
	ViaBot        *user           `json:"via_bot"`
}

type chat struct {
	ID    int64  `json:"id"`
	Title string `json:"title"` // of groups and channels
}

type user struct {
	ID    int64  `json:"id"`
	IsBot bool   `json:"is_bot"`
	First string `json:"first_name"`
	Last  string `json:"last_name"`
	Name  string `json:"username"`
}

// command is a request, and what to answer beside it.
type command struct {
	msg.Request
	query string // the press of a button that waits for its answer, "" for a message
}

// command returns what the update asks of the bot called name. When it is a command that must not be heard, whoever
// sent it, why says so; for everything else, why is "" and ok false.
func (u *update) command(name string, now time.Time) (c command, why string, ok bool) {
	switch q := u.Callback; {
	case u.Message != nil:
		return u.Message.command(name, now)
	case q == nil || q.Message == nil || q.From == nil:
		return c, "", false
	default:
		c = command{request(q.Message, q.From, q.Data), q.ID}
		if q.From.IsBot {
			return c, "a bot", false
		}
		return c, "", strings.HasPrefix(q.Data, "/")
	}
}

func (m *message) command(name string, now time.Time) (c command, why string, ok bool) {
	text, mine := forBot(m.Text, name)
	if !mine || m.From == nil {
		return c, "", false
	}
	c.Request = request(m, m.From, text)
	switch {
	case m.SenderChat != nil:
		return c, "anonymous", false
	case m.From.IsBot || m.ViaBot != nil:
		return c, "a bot", false
	case m.ForwardOrigin != nil || m.ForwardDate != 0:
		return c, "forwarded", false
	case now.Sub(time.Unix(m.Date, 0)) > tooOld:
		return c, "too old", false
	}
	return c, "", true
}

func request(m *message, from *user, text string) msg.Request {
	d := destination{chat: m.Chat.ID}
	if m.Topic {
		d.thread = m.Thread
	}
	return msg.Request{
		Platform: platform,
		Chat:     d.String(),
		User:     strconv.FormatInt(from.ID, 10),
		Text:     text,
	}
}

// forBot returns a command without the bot's name, "/report 7d" for "/report@some_bot 7d", and whether it is a
// command, and for no other bot.
func forBot(text, name string) (string, bool) {
	if !strings.HasPrefix(text, "/") {
		return "", false
	}
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		end = len(text)
	}
	head, whom, named := strings.Cut(text[:end], "@")
	if named && !strings.EqualFold(whom, name) {
		return "", false
	}
	return head + text[end:], true
}
