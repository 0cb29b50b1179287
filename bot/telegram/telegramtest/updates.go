package telegramtest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Telegram keeps an update for a day, and chooses new ids after a week without one.
// https://core.telegram.org/bots/api#getting-updates
const (
	updateLifetime = 24 * time.Hour
	idLifetime     = 7 * 24 * time.Hour
)

// queryLifetime is how long a callback query can be answered. The real time is not documented.
const queryLifetime = time.Minute

type update struct {
	id   int64
	at   time.Time
	body json.RawMessage
}

// Say sends a message of the user to the chat, or to its topic if thread is not 0, and returns the update's id.
func (s *Server) Say(chat, thread, user int64, text string) int64 {
	return s.Push("message", s.message(chat, thread, user, text))
}

// Press presses a button with this data, as the user, below a message of the bot in the chat or topic.
func (s *Server) Press(chat, thread, user int64, data string) int64 {
	return s.press(user, data, s.message(chat, thread, BotID, "under this text the button stands"))
}

func (s *Server) press(user int64, data string, under object) int64 {
	s.mu.Lock()
	id := fmt.Sprint("query", s.lastID)
	s.queries[id] = time.Now()
	s.mu.Unlock()
	return s.Push("callback_query", object{
		"id": id, "from": s.user(user), "chat_instance": "1", "data": data, "message": under,
	})
}

// Edit sends the message that Say would send, with fields changed or added, such as "date", "forward_origin" or
// "sender_chat".
func (s *Server) Edit(chat, user int64, text string, change map[string]any) int64 {
	m := s.message(chat, 0, user, text)
	maps.Copy(m, change)
	return s.Push("message", m)
}

// Push adds an update of the kind, such as "message", with this value, and returns its id. It is dropped if the bot has
// not asked for the kind.
func (s *Server) Push(kind string, value any) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.push(object{kind: value}, s.kinds == nil || slices.Contains(s.kinds, kind))
}

// Feed adds an update with these fields but its id, whether the bot has asked for its kind or not.
func (s *Server) Feed(fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push(maps.Clone(fields), true)
}

// push adds an update if it is wanted, and returns its id. s.mu is held.
func (s *Server) push(fields object, wanted bool) int64 {
	now := time.Now()
	if now.Sub(s.lastAt) > idLifetime {
		s.lastID /= 2
	}
	s.lastID, s.lastAt = s.lastID+1, now
	fields["update_id"] = s.lastID
	body, err := json.Marshal(fields)
	if err != nil {
		panic(err) // the test's own value
	}
	if wanted {
		s.updates = append(s.updates, update{s.lastID, now, body})
		s.Notify()
	}
	return s.lastID
}

// Pending counts the updates that the bot has not confirmed yet.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.updates)
}

func (s *Server) message(chat, thread, user int64, text string) object {
	kind, named := s.Chat(chat), "title"
	if kind.Type == "private" {
		named = "first_name"
	}
	m := object{
		"message_id": 1 + time.Now().Unix()%100_000, "date": time.Now().Unix(), "text": text,
		"chat": object{"id": chat, "type": kind.Type, named: kind.Title}, "from": s.user(user),
	}
	if command := strings.Fields(text); strings.HasPrefix(text, "/") {
		m["entities"] = []Entity{{"bot_command", 0, len(command[0])}} // commands are ASCII
	}
	if thread != 0 {
		m["message_thread_id"], m["is_topic_message"] = thread, true
	}
	return m
}

func (s *Server) user(id int64) object {
	return object{"id": id, "is_bot": id == BotID, "first_name": fmt.Sprint("User ", id)}
}

// getUpdates returns updates as soon as there are any, or none after timeout seconds. It ends another getUpdates that
// is still waiting, with a 409.
func (s *Server) getUpdates(ctx context.Context, q Request) (any, error) {
	var kinds []string
	if err := q.decode("allowed_updates", &kinds); err != nil {
		return nil, err
	}
	timeout := time.After(time.Duration(q.number("timeout")) * time.Second)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.webhook != "" {
		return nil, errWebhook
	}
	if s.poller != nil {
		close(s.poller)
	}
	mine := make(chan struct{})
	s.poller = mine
	defer func() {
		if s.poller == mine {
			s.poller = nil
		}
	}()
	if len(kinds) > 0 {
		s.kinds = kinds
	}
	s.forget(q.number("offset"))
	for len(s.updates) == 0 {
		changed := s.Changed()
		s.mu.Unlock()
		var err error
		late := false
		select {
		case <-changed:
		case <-timeout:
			late = true
		case <-mine:
			err = &refusal{
				Code: http.StatusConflict,
				Text: "Conflict: terminated by other getUpdates request; " +
					"make sure that only one bot instance is running",
			}
		case <-ctx.Done():
			err = errGone
		case <-s.Closing():
			err = errGone
		}
		s.mu.Lock()
		if err != nil || late {
			return []any{}, err
		}
	}
	batch := s.updates[:min(len(s.updates), int(cmp.Or(q.number("limit"), 100)))]
	bodies := make([]json.RawMessage, len(batch))
	for i, u := range batch {
		bodies[i] = u.body
	}
	return bodies, nil
}

// forget drops the updates before offset, and those that are too old. A negative offset counts from the end. s.mu is
// held.
func (s *Server) forget(offset int64) {
	if offset < 0 {
		s.updates = s.updates[max(0, len(s.updates)+int(offset)):]
	}
	s.updates = slices.DeleteFunc(s.updates, func(u update) bool {
		return u.id < offset || time.Since(u.at) > updateLifetime
	})
}

func (s *Server) answerCallbackQuery(q Request) (any, error) {
	if len([]rune(q.Params["text"])) > 200 {
		return nil, bad("MESSAGE_TOO_LONG")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	asked, ok := s.queries[q.Params["callback_query_id"]]
	if !ok || time.Since(asked) > queryLifetime {
		return nil, bad("query is too old and response timeout expired or query ID is invalid")
	}
	delete(s.queries, q.Params["callback_query_id"])
	return true, nil
}

// Command is a command that the bot has set.
type Command struct {
	Command     string `json:"command"`
	Description string `json:"description"`
}

var commandName = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// setMyCommands checks the commands: https://core.telegram.org/bots/api#botcommand
func (s *Server) setMyCommands(q Request) (any, error) {
	var commands []Command
	if err := q.decode("commands", &commands); err != nil {
		return nil, err
	}
	if len(commands) > 100 {
		return nil, bad("BOT_COMMANDS_TOO_MUCH")
	}
	for _, c := range commands {
		if !commandName.MatchString(c.Command) {
			return nil, bad("BOT_COMMAND_INVALID")
		}
		if n := len([]rune(c.Description)); n < 1 || n > 256 {
			return nil, bad("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = commands
	s.Notify()
	return true, nil
}
