package mail

import (
	"bytes"
	"crypto/x509"
	"image"
	"image/png"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"friendlyfire/bot/mail/mailtest"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inBubble runs a test in a synctest bubble, with a server in memory and its client.
func inBubble(t *testing.T, test func(*testing.T, *mailtest.Server, *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := mailtest.InMemory(t)
		test(t, s, newTestClient(t, s, "mail.example.org:587", mailtest.Roots()))
	})
}

// newTestClient is a client that dials the server, whatever the address.
func newTestClient(t *testing.T, s *mailtest.Server, address string, roots *x509.CertPool) *Client {
	t.Helper()
	c, err := newClient(&Config{
		Server: address, From: "friendlyfire <" + mailtest.From + ">", To: []string{mailtest.Admin, mailtest.Second},
		Password: config.NewSecret(mailtest.Password),
	}, msg.Bot{Dial: s.Dial})
	if err != nil {
		t.Fatal(err)
	}
	c.roots = roots
	return c
}

// say returns a plain message.
func say(text string) msg.Message { return msg.Message{Text: msg.Text{{Text: text}}, Nonce: "NONCE1"} }

// shown returns a message with a picture, and what stands for it in words.
func shown(t *testing.T, text string) msg.Message {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 80, 40))); err != nil {
		t.Fatal(err)
	}
	m := say(text)
	m.Photo, m.Fallback = b.Bytes(), "BE ███ 3"
	return m
}
