package telegram

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// maxCommandAge is the age beyond which a command is not answered: its sender has given up. Telegram keeps updates for
// a day.
const maxCommandAge = 10 * time.Minute

// maxName is how many characters of a user's name are shown.
const maxName = 30

// update is what the bot reads of an update; the library's type lacks topics. It is empty for other kinds of update,
// such as edited messages and channel posts. https://core.telegram.org/bots/api#update
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
	ID     int64  `json:"message_id"`
	Date   int64  `json:"date"` // 0: it is too old to be seen, or deleted
	From   *user  `json:"from"`
	Chat   chat   `json:"chat"`
	Text   string `json:"text"`
	Thread int64  `json:"message_thread_id"`
	Topic  bool   `json:"is_topic_message"` // otherwise the thread is one of replies

	Photo []json.RawMessage `json:"photo"`

	// Set when the message is not From's own: a channel's, an anonymous administrator's, forwarded, another bot's.
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

// command is a request, typed or sent by pressing a button.
type command struct {
	msg.Request
	press // zero for a message
}

// press is the press of a button below a message of the bot.
type press struct {
	id      string // of the callback query, which must be acknowledged
	under   string // id of the message; "": it cannot be changed any more
	picture bool   // the message has one
}

// command returns the command that the update is for the bot called name. If it is one that must not be answered,
// whoever sent it, why says so; if it is no command, why is "" and ok false.
func (u *update) command(name string, now time.Time) (c command, why string, ok bool) {
	switch q := u.Callback; {
	case u.Message != nil:
		return u.Message.command(name, now)
	case q == nil || q.Message == nil || q.From == nil:
		return c, "", false
	default:
		c = command{request(q.Message, q.From, q.Data), press{id: q.ID, picture: len(q.Message.Photo) > 0}}
		if q.Message.Date != 0 { // https://core.telegram.org/bots/api#inaccessiblemessage
			c.under = strconv.FormatInt(q.Message.ID, 10)
		}
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
	case now.Sub(time.Unix(m.Date, 0)) > maxCommandAge:
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
		Name:     store.Clean(cmp.Or(strings.TrimSpace(from.First+" "+from.Last), from.Name), maxName),
		Text:     text,
	}
}

// forBot returns a command without the bot's name, "/report 7d" for "/report@some_bot 7d", and whether text is a
// command for this bot.
func forBot(text, name string) (string, bool) {
	if !strings.HasPrefix(text, "/") {
		return "", false
	}
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		end = len(text)
	}
	head, addressee, named := strings.Cut(text[:end], "@")
	if named && !strings.EqualFold(addressee, name) {
		return "", false
	}
	return head + text[end:], true
}
