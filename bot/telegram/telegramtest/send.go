package telegramtest

import (
	"bytes"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a message. https://core.telegram.org/bots/api#sendmessage and #sendphoto
const (
	maxText      = 4096 // UTF-16 units, as clients count them
	maxCaption   = 1024
	maxPhoto     = 10 << 20
	maxPhotoSize = 10_000 // sum of width and height, in pixels
	maxPhotoSkew = 20     // ratio of the longer side to the shorter
	maxButton    = 64     // bytes of callback data
)

// Message is a message that arrived.
type Message struct {
	Time     time.Time
	ID       int64
	Chat     int64
	Thread   int64 // message_thread_id, 0: none
	Text     string
	Entities []Entity // that the bot has set
	Found    []Entity // that Telegram has found in the text by itself
	Photo    []byte   // PNG, whose caption the text then is; nil: none
	Keyboard [][]Button
	Preview  bool // of links
	Edits    int  // how often it was replaced
	Deleted  bool
}

// Button is a button of an inline keyboard.
type Button struct {
	Text string `json:"text"`
	Data string `json:"callback_data"`
}

// Marked returns the parts of the text that have entities of the kind, such as "bold".
func (m Message) Marked(kind string) []string {
	units := utf16.Encode([]rune(m.Text))
	var parts []string
	for _, e := range m.Entities {
		if e.Type == kind {
			parts = append(parts, string(utf16.Decode(units[e.Offset:e.Offset+e.Length])))
		}
	}
	return parts
}

// send handles sendMessage and sendPhoto.
func (s *Server) send(q Request) (any, error) {
	chat, err := s.chat(q)
	if err != nil {
		return nil, err
	}
	m, err := q.compose(chat)
	if err != nil {
		return nil, err
	}
	if err := s.checkTopic(chat, m.Thread); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(q); err != nil {
		return nil, err
	}
	m.Time, m.ID = time.Now(), int64(len(s.messages)+1)
	s.messages = append(s.messages, m)
	s.Notify()
	return object{
		"message_id": m.ID, "date": m.Time.Unix(), "text": m.Text,
		"chat": object{"id": chat.ID, "type": chat.Type},
	}, nil
}

// compose returns the message of the request, or why it is refused.
func (q Request) compose(chat Chat) (Message, error) {
	m := Message{Chat: q.Chat, Thread: q.number("message_thread_id"), Preview: true}
	text, entities, limit := "text", "entities", maxText
	photo := q.Method == "sendPhoto" || q.Method == "editMessageMedia"
	if photo {
		text, entities, limit = "caption", "caption_entities", maxCaption
		m.Photo = q.photo
	}
	m.Text = q.Params[text]
	if q.Params["parse_mode"] != "" {
		return m, bad("telegramtest knows no parse_mode")
	}
	if chat.NoText || chat.NobodyMay && chat.Status != "administrator" {
		return m, bad("not enough rights to send text messages to the chat")
	}
	if err := q.decode(entities, &m.Entities); err != nil {
		return m, err
	}
	if err := checkText(q.Method, m.Text, limit); err != nil {
		return m, err
	}
	if err := checkEntities(m.Text, m.Entities); err != nil {
		return m, err
	}
	m.Found = Found(m.Text, m.Entities)
	if err := q.keyboard(&m); err != nil {
		return m, err
	}
	var preview struct {
		Disabled bool `json:"is_disabled"`
	}
	if err := q.decode("link_preview_options", &preview); err != nil {
		return m, err
	}
	m.Preview = !preview.Disabled
	if photo {
		return m, checkPhoto(m.Photo, chat)
	}
	return m, nil
}

func checkText(method, text string, limit int) error {
	switch {
	case !utf8.ValidString(text):
		return bad("strings must be encoded in UTF-8")
	case method != "sendPhoto" && strings.TrimSpace(text) == "":
		return bad("message text is empty")
	case len(utf16.Encode([]rune(text))) <= limit:
		return nil
	case method == "sendPhoto" || method == "editMessageMedia":
		return bad("message caption is too long")
	}
	return bad("message is too long")
}

func checkPhoto(photo []byte, chat Chat) error {
	switch {
	case chat.NoPhotos:
		return bad("not enough rights to send photos to the chat")
	case len(photo) == 0:
		return bad("there is no photo in the request")
	case len(photo) > maxPhoto:
		return &refusal{Code: http.StatusRequestEntityTooLarge, Text: "Request Entity Too Large"}
	}
	c, err := png.DecodeConfig(bytes.NewReader(photo))
	if err != nil {
		return bad("IMAGE_PROCESS_FAILED")
	}
	if c.Width+c.Height > maxPhotoSize || max(c.Width, c.Height) > maxPhotoSkew*min(c.Width, c.Height) {
		return bad("PHOTO_INVALID_DIMENSIONS")
	}
	if _, err := png.Decode(bytes.NewReader(photo)); err != nil {
		return bad("IMAGE_PROCESS_FAILED")
	}
	return nil
}

func (q Request) keyboard(m *Message) error {
	var markup struct {
		Keyboard [][]Button `json:"inline_keyboard"`
	}
	if err := q.decode("reply_markup", &markup); err != nil {
		return err
	}
	for _, b := range slices.Concat(markup.Keyboard...) {
		if b.Text == "" {
			return bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
		}
		if len(b.Data) < 1 || len(b.Data) > maxButton {
			return bad("BUTTON_DATA_INVALID")
		}
	}
	m.Keyboard = markup.Keyboard
	return nil
}
