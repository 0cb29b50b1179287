package telegramtest

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// edit handles editMessageText and editMessageMedia, which count for the limits as a message does.
// https://core.telegram.org/bots/api#editmessagetext and #editmessagemedia
func (s *Server) edit(q Request) (any, error) {
	chat, err := s.chat(q)
	if err != nil {
		return nil, err
	}
	if q.Method == "editMessageMedia" {
		if err := q.media(); err != nil {
			return nil, err
		}
	}
	m, err := q.compose(chat)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == q.number("message_id") })
	if at < 0 || s.messages[at].Chat != q.Chat || s.messages[at].Deleted {
		return nil, bad("message to edit not found")
	}
	old := &s.messages[at]
	switch {
	case q.Method == "editMessageText" && old.Photo != nil:
		return nil, bad("there is no text in the message to edit")
	case old.Text == m.Text && slices.Equal(old.Entities, m.Entities) && bytes.Equal(old.Photo, m.Photo) &&
		slices.EqualFunc(old.Keyboard, m.Keyboard, slices.Equal[[]Button]):
		return nil, bad("message is not modified: specified new message content and reply markup are exactly the same " +
			"as a current content and reply markup of the message")
	}
	if err := s.admit(q); err != nil {
		return nil, err
	}
	old.Text, old.Entities, old.Keyboard, old.Photo = m.Text, m.Entities, m.Keyboard, m.Photo
	old.Edits++
	s.Notify()
	return object{"message_id": old.ID, "date": old.Time.Unix(), "edit_date": time.Now().Unix(), "text": old.Text}, nil
}

// media reads the picture that a message is to have, which must be in the request itself, and makes its caption one of
// the parameters, where compose looks for it.
func (q Request) media() error {
	var media struct {
		Type     string   `json:"type"`
		Media    string   `json:"media"`
		Caption  string   `json:"caption"`
		Entities []Entity `json:"caption_entities"`
	}
	if err := q.decode("media", &media); err != nil {
		return err
	}
	if media.Type != "photo" || media.Media != "attach://photo" {
		return bad("can't parse InputMedia: telegramtest knows photos in the request alone")
	}
	q.Params["caption"] = media.Caption
	if media.Entities != nil {
		entities, err := json.Marshal(media.Entities)
		if err != nil {
			return err
		}
		q.Params["caption_entities"] = string(entities)
	}
	return nil
}

// Delete deletes a message, so that it can be edited no more.
func (s *Server) Delete(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.messages {
		s.messages[i].Deleted = s.messages[i].Deleted || s.messages[i].ID == id
	}
}

// PressUnder presses a button with this data, as the user, below a message that has arrived.
func (s *Server) PressUnder(m Message, user int64, data string) int64 {
	under := s.message(m.Chat, m.Thread, BotID, m.Text)
	under["message_id"] = m.ID
	if m.Photo != nil {
		delete(under, "text")
		under["caption"], under["photo"] = m.Text, []object{{"file_id": "1", "width": 1, "height": 1}}
	}
	return s.press(user, data, under)
}

// PressInaccessible is PressUnder for a message that is too old for the bot to see.
func (s *Server) PressInaccessible(m Message, user int64, data string) int64 {
	return s.press(user, data, object{"message_id": m.ID, "date": 0, "chat": object{"id": m.Chat, "type": "group"}})
}
