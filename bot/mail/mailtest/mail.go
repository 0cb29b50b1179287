package mailtest

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Mail is a mail as its reader gets it.
type Mail struct {
	Session  int
	From, To string // of the envelope
	Raw      string
	Header   mail.Header
	Subject  string
	Text     string // the words
	HTML     string // "" without a picture
	Photo    []byte
	PhotoID  string   // Content-ID, without brackets
	Types    []string // of all parts, in their order
	Problem  string   // what keeps a mail program from reading it; "": nothing
	Secure   bool
	Time     time.Time
}

// ID is the Message-ID.
func (m Mail) ID() string { return m.Header.Get("Message-Id") }

// Parse reads a mail as a mail program does.
func Parse(raw string) Mail { return parse(raw) }

func parse(raw string) Mail {
	m := Mail{Raw: raw}
	parsed, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		m.Problem = err.Error()
		return m
	}
	m.Header = parsed.Header
	m.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		m.Problem = err.Error()
	}
	m.part(textproto.MIMEHeader(m.Header), parsed.Body)
	return m
}

func (m *Mail) part(h textproto.MIMEHeader, body io.Reader) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		m.Problem = err.Error()
		return
	}
	m.Types = append(m.Types, kind)
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				m.Problem = err.Error()
				return
			}
			m.part(p.Header, p)
		}
	}
	switch h.Get("Content-Transfer-Encoding") {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		m.Problem = err.Error()
	}
	switch kind {
	case "text/plain":
		m.Text = lines(data)
	case "text/html":
		m.HTML = lines(data)
	case "image/png":
		m.Photo = data
		m.PhotoID = strings.Trim(h.Get("Content-Id"), "<>")
	}
}

// lines are without the ends that they travel with.
func lines(data []byte) string {
	return strings.TrimSuffix(string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))), "\n")
}
