package telegramtest

import (
	"cmp"
	"fmt"
	"net/http"
)

// Chat is a chat. One that was not set is a private chat with its user, or, if its id is negative, a supergroup in
// which the bot is an ordinary member.
type Chat struct {
	ID     int64
	Type   string // private, group, supergroup, channel
	Title  string
	Status string // of the bot: member, administrator, restricted, left, kicked

	NoText    bool  // the bot may not post
	NoPhotos  bool  // the bot may not post pictures
	MovedTo   int64 // the supergroup that the group has become; 0: none
	NobodyMay bool  // post, but administrators
	Left      bool  // restricted, and no member any more
	Topics    bool  // it is a forum, whose topics must be made with SetTopic
	Unknown   bool  // there is no such chat for the bot
}

// SetChat sets a chat.
func (s *Server) SetChat(c Chat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[c.ID] = c
}

// Chat returns the chat with this id.
func (s *Server) Chat(id int64) Chat {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[id]
	c.ID = id
	if id < 0 {
		c.Type = cmp.Or(c.Type, "supergroup")
	}
	c.Type = cmp.Or(c.Type, "private")
	c.Title = cmp.Or(c.Title, fmt.Sprint(c.Type, " ", id))
	c.Status = cmp.Or(c.Status, "member")
	return c
}

// chat returns the chat of a request, or the refusal if the bot may do nothing there.
func (s *Server) chat(q Request) (Chat, error) {
	c := s.Chat(q.Chat)
	switch {
	case q.Chat == 0:
		return c, bad("chat_id is empty")
	case c.Unknown:
		return c, bad("chat not found")
	case c.MovedTo != 0:
		return c, upgraded(c.MovedTo)
	case c.Status == "restricted" && c.Left:
		return c, forbidden("bot is not a member of the " + c.Type + " chat")
	case c.Status == "kicked" && c.Type == "private":
		return c, forbidden("bot was blocked by the user")
	case c.Status == "kicked":
		return c, forbidden("bot was kicked from the " + c.Type + " chat")
	case c.Status == "left":
		return c, forbidden("bot is not a member of the " + c.Type + " chat")
	}
	return c, nil
}

func forbidden(text string) error {
	return &refusal{Code: http.StatusForbidden, Text: "Forbidden: " + text}
}

func (s *Server) getChat(q Request) (any, error) {
	c := s.Chat(q.Chat)
	if c.Unknown {
		return nil, bad("chat not found")
	}
	chat := object{"id": c.ID, "type": c.Type}
	if c.Type == "private" {
		chat["first_name"] = c.Title
		return chat, nil
	}
	chat["title"] = c.Title
	if c.Topics {
		chat["is_forum"] = true
	}
	chat["permissions"] = object{"can_send_messages": !c.NoText && !c.NobodyMay, "can_send_photos": !c.NoPhotos}
	return chat, nil
}

// getChatMember is refused where a group has become a supergroup, unlike getChat.
func (s *Server) getChatMember(q Request) (any, error) {
	c := s.Chat(q.Chat)
	switch {
	case c.Unknown:
		return nil, bad("chat not found")
	case c.MovedTo != 0:
		return nil, upgraded(c.MovedTo)
	}
	if q.number("user_id") != BotID {
		return nil, bad("user not found")
	}
	member := object{"status": c.Status, "user": s.user(BotID)}
	switch {
	case c.Status == "restricted":
		member["is_member"] = !c.Left
		member["can_send_messages"], member["can_send_photos"] = !c.NoText, !c.NoPhotos
	case c.Status == "administrator" && c.Type == "channel":
		member["can_post_messages"] = !c.NoText
	}
	return member, nil
}
