package discordtest

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a message: https://discord.com/developers/docs/resources/message
const (
	maxRequest  = 25 << 20
	maxFile     = 10 << 20
	maxContent  = 2000
	maxEmbeds   = 6000 // characters in all embeds
	maxNonce    = 25
	maxAlt      = 1024            // characters
	nonceMemory = 3 * time.Minute // "the past few minutes"
)

// Message is a message that arrived.
type Message struct {
	ID       string
	Time     time.Time
	Channel  string
	Content  string // with its markup
	File     string // name of the attachment
	Photo    []byte // the attachment
	Alt      string // its description
	Nonce    string
	Flags    int
	Buttons  [][]Button
	Keeps    bool // the pictures that the message had before
	Deferred bool // the answer to an interaction, which was deferred first
	Edits    int  // how often its text was replaced
}

// Button is a button below a message.
type Button struct{ Label, CustomID string }

type nonce struct {
	id string
	at time.Time
}

// draft is a message as the bot sends it.
type draft struct {
	Content         string `json:"content"`
	Nonce           string `json:"nonce"`
	EnforceNonce    bool   `json:"enforce_nonce"`
	Flags           int    `json:"flags"`
	AllowedMentions *struct {
		Parse *[]string `json:"parse"`
		Users []string  `json:"users"`
		Roles []string  `json:"roles"`
	} `json:"allowed_mentions"`
	Attachments *[]struct {
		ID       string `json:"id"`
		Filename string `json:"filename"`
		Alt      string `json:"description"`
	} `json:"attachments"`
	Embeds []struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Fields      []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"fields"`
	} `json:"embeds"`
	Components []struct {
		Type       int `json:"type"`
		Components []struct {
			Type     int    `json:"type"`
			Style    int    `json:"style"`
			Label    string `json:"label"`
			CustomID string `json:"custom_id"`
			URL      string `json:"url"`
		} `json:"components"`
	} `json:"components"`
}

func invalid(what string) *refusal {
	return &refusal{http.StatusBadRequest, 50035, "Invalid Form Body: " + what}
}

// post handles a message to a channel.
func (s *Server) post(r *http.Request, q Request, id string) (any, *refusal) {
	c, no := s.find(id)
	if no != nil {
		return nil, no
	}
	d, m, no := s.read(r, q)
	if no != nil {
		return nil, no
	}
	if no := s.refusesPost(c, m.File != ""); no != nil {
		return nil, no
	}
	known := s.nonces[id+"/"+d.Nonce]
	if d.EnforceNonce && d.Nonce != "" && known.id != "" && time.Since(known.at) < nonceMemory {
		return map[string]any{"id": known.id, "channel_id": id, "content": d.Content}, nil
	}
	m.ID, m.Channel = s.newID(), id
	s.nonces[id+"/"+d.Nonce] = nonce{m.ID, m.Time}
	s.messages = append(s.messages, m)
	s.Notify()
	return map[string]any{
		"id": m.ID, "channel_id": id, "content": m.Content, "timestamp": m.Time.UTC().Format(time.RFC3339),
	}, nil
}

// edit handles the change of a message of the channel.
func (s *Server) edit(r *http.Request, q Request, channel, id string) (any, *refusal) {
	if _, no := s.find(channel); no != nil {
		return nil, no
	}
	_, m, no := s.read(r, q)
	if no != nil {
		return nil, no
	}
	at := slices.IndexFunc(s.messages, func(m Message) bool { return m.Channel == channel && m.ID == id })
	switch {
	case at < 0:
		return nil, &refusal{http.StatusNotFound, 10008, "Unknown Message"}
	case m.Flags&^(1<<2) != 0:
		return nil, invalid("flags: only SUPPRESS_EMBEDS can be edited")
	}
	old := &s.messages[at]
	old.Content, old.Buttons = m.Content, m.Buttons
	old.Edits++
	s.Notify()
	return map[string]any{"id": id, "channel_id": channel, "content": m.Content}, nil
}

// read reads a message from a request, and refuses what Discord would refuse.
func (s *Server) read(r *http.Request, q Request) (d draft, m Message, no *refusal) {
	payload := q.Body
	if kind, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type")); kind == "multipart/form-data" {
		if payload, m.File, m.Photo, no = parts(r); no != nil {
			return d, m, no
		}
	} else if kind != "application/json" {
		return d, m, &refusal{http.StatusBadRequest, 50109, "The request body contains invalid JSON."}
	}
	if json.Unmarshal(payload, &d) != nil {
		return d, m, &refusal{http.StatusBadRequest, 50109, "The request body contains invalid JSON."}
	}
	if no := d.check(m.File != ""); no != nil {
		return d, m, no
	}
	if d.Attachments != nil {
		for _, a := range *d.Attachments {
			if m.File != "" && (a.ID != "0" || a.Filename != m.File) || utf8.RuneCountInString(a.Alt) > maxAlt {
				return d, m, invalid("attachments")
			}
			m.Alt = a.Alt
		}
	}
	m.Time, m.Content, m.Nonce, m.Flags = time.Now(), d.Content, d.Nonce, d.Flags
	for _, row := range d.Components {
		var buttons []Button
		for _, b := range row.Components {
			buttons = append(buttons, Button{b.Label, b.CustomID})
		}
		m.Buttons = append(m.Buttons, buttons)
	}
	if d.mentions() {
		s.mentions++
	}
	return d, m, nil
}

// parts reads the form of a message with a file.
func parts(r *http.Request) (payload []byte, name string, file []byte, no *refusal) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, "", nil, invalid("multipart")
	}
	for {
		var part *multipart.Part
		part, err = form.NextPart()
		if errors.Is(err, io.EOF) {
			return payload, name, file, nil
		} else if err != nil {
			return nil, "", nil, invalid("multipart")
		}
		data, err := io.ReadAll(part)
		switch {
		case err != nil:
			return nil, "", nil, invalid("multipart")
		case part.FormName() == "payload_json":
			payload = data
		case strings.HasPrefix(part.FormName(), "files[") && len(data) > maxFile:
			return nil, "", nil, &refusal{http.StatusRequestEntityTooLarge, 40005, "Request entity too large"}
		case strings.HasPrefix(part.FormName(), "files["):
			name, file = part.FileName(), data
		default:
			return nil, "", nil, invalid(part.FormName())
		}
	}
}

func (d *draft) check(file bool) *refusal {
	embedded := 0
	for _, e := range d.Embeds {
		size := utf8.RuneCountInString(e.Title) + utf8.RuneCountInString(e.Description)
		for _, f := range e.Fields {
			if utf8.RuneCountInString(f.Name) > 256 || utf8.RuneCountInString(f.Value) > 1024 {
				return invalid("embeds: field")
			}
			size += utf8.RuneCountInString(f.Name) + utf8.RuneCountInString(f.Value)
		}
		if utf8.RuneCountInString(e.Title) > 256 || utf8.RuneCountInString(e.Description) > 4096 || len(e.Fields) > 25 {
			return invalid("embeds")
		}
		embedded += size
	}
	switch {
	case strings.TrimSpace(d.Content) == "" && len(d.Embeds) == 0 && !file:
		return &refusal{http.StatusBadRequest, 50006, "Cannot send an empty message"}
	case utf8.RuneCountInString(d.Content) > maxContent:
		return invalid("content: Must be 2000 or fewer in length.")
	case embedded > maxEmbeds:
		return invalid("embeds: 6000 characters")
	case utf8.RuneCountInString(d.Nonce) > maxNonce:
		return invalid("nonce: Must be 25 or fewer in length.")
	case d.Flags&^(1<<2|1<<12) != 0:
		return invalid("flags")
	case len(d.Components) > 5:
		return invalid("components: rows")
	}
	ids := map[string]bool{}
	for _, row := range d.Components {
		if row.Type != 1 || len(row.Components) < 1 || len(row.Components) > 5 {
			return invalid("components: row")
		}
		for _, b := range row.Components {
			if b.Type != 2 || b.Style < 1 || b.Style > 4 || b.URL != "" ||
				b.Label == "" || utf8.RuneCountInString(b.Label) > 80 ||
				b.CustomID == "" || utf8.RuneCountInString(b.CustomID) > 100 || ids[b.CustomID] {
				return invalid("components: button")
			}
			ids[b.CustomID] = true
		}
	}
	return nil
}

var (
	everybody = regexp.MustCompile(`@(everyone|here)`)
	someUser  = regexp.MustCompile(`<@!?(\d+)>`)
	someRole  = regexp.MustCompile(`<@&(\d+)>`)
)

// mentions reports whether the message notifies anybody. Without allowed_mentions, everybody in the text is notified.
func (d *draft) mentions() bool {
	allowed := []string{"everyone", "users", "roles"}
	if d.AllowedMentions != nil {
		if len(d.AllowedMentions.Users) > 0 || len(d.AllowedMentions.Roles) > 0 {
			return true
		}
		if d.AllowedMentions.Parse != nil {
			allowed = *d.AllowedMentions.Parse
		}
	}
	return slices.Contains(allowed, "everyone") && everybody.MatchString(d.Content) ||
		slices.Contains(allowed, "users") && someUser.MatchString(d.Content) ||
		slices.Contains(allowed, "roles") && someRole.MatchString(d.Content)
}
