package mail

import (
	"bytes"
	"crypto/rand"
	"image/png"
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// maxSubject bounds a subject, in characters. What follows is in the text.
const maxSubject = 150

// compose returns the mail as it travels: the headers and, with a picture, the words for programs that show no
// pictures, a small page for those that do, and the picture in it.
func (c *Client) compose(to string, m msg.Message) ([]byte, error) {
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	out.FromMailAddress(&c.from)
	out.ToMailAddress(&mail.Address{Address: to})
	out.Subject(subject(m.Text))
	out.SetDateWithValue(time.Now())
	id := c.messageID(m.Nonce)
	out.SetMessageIDWithValue(id)
	if m.Follows != "" { // RFC 5322, section 3.6.4
		first := "<" + c.messageID(m.Follows) + ">"
		out.SetGenHeader(gomail.HeaderInReplyTo, first)
		out.SetGenHeader(gomail.HeaderReferences, first)
	}
	c.mark(out, m)
	if m.Photo == nil {
		out.SetBodyString(gomail.TypeTextPlain, words(m.Text))
	} else {
		out.SetBodyString(gomail.TypeTextPlain, words(m.WithoutPhoto().Text))
		out.AddAlternativeString(gomail.TypeTextHTML, page(m, "chart."+id, width(m.Photo)))
		out.EmbedReadSeeker("chart.png", bytes.NewReader(m.Photo),
			gomail.WithFileContentType("image/png"), gomail.WithFileContentID("chart."+id))
	}
	var b bytes.Buffer
	_, err := out.WriteTo(&b)
	return b.Bytes(), err
}

// words are what programs that show no pictures show.
func words(t msg.Text) string { return strings.TrimRight(visible(t.Unlinked().String()), "\n") + "\n" }

// mark sets the headers that say what kind of mail it is, and of which list, by which people sort. Programs that answer
// mail leave it alone by the first, older ones by the second, and Exchange by the third: RFC 3834, sections 5 and
// 3.1.8.
func (c *Client) mark(out *gomail.Msg, m msg.Message) {
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetGenHeader("List-Id", "friendlyfire <friendlyfire."+c.domain()+">") // RFC 2919
	out.SetGenHeader(gomail.HeaderPrecedence, "bulk")
	out.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	switch { // RFC 4021, section 2.1.54
	case m.Silent:
		out.SetGenHeader(gomail.HeaderImportance, "low")
	case m.Kind == msg.Alert:
		out.SetGenHeader(gomail.HeaderImportance, "high")
	}
}

// subject is the first line of the text.
func subject(t msg.Text) string {
	line, _, _ := strings.Cut(strings.TrimSpace(t.String()), "\n")
	return store.Clean(line, maxSubject)
}

// messageID is the same for every attempt to send one message, and nobody else's.
func (c *Client) messageID(nonce string) string {
	if nonce == "" {
		nonce = rand.Text()
	}
	return nonce + "@" + c.domain()
}

// visible drops what is invisible, such as characters that change the writing direction.
func visible(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, s)
}

// width is how wide a picture is shown at most, in pixels of the page: it is drawn for screens with two for each.
func width(photo []byte) int {
	size, err := png.DecodeConfig(bytes.NewReader(photo))
	if err != nil {
		return widest
	}
	return min(size.Width, widest)
}
