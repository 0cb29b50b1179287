// Package mail is friendlyfire by mail: it hands messages to one mail server, which passes them on to the recipients.
// It owns the section [mail] of the configuration, and the checks of the server, the login and the recipients with
// their advice. It hears no commands.
//
// It knows what mail servers refuse, and turns that into the errors of package msg. It knows nothing of bans, or of
// what messages say. The library composes messages and speaks SMTP; its own client is not used, since after a failure
// in the middle of a message it takes its leave, which ends the message and so sends half of it.
package mail

import (
	"context"
	"crypto/x509"
	"net"
	"net/mail"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

const platform = "mail"

// Client hands mail to one server. Each recipient is a chat. It is safe for concurrent use.
type Client struct {
	msg.Bot

	server   server
	from     mail.Address
	user     string
	password config.Secret // empty: nobody logs in
	dial     Dialer
	roots    *x509.CertPool // nil: the system's

	words, pictures chan struct{} // what may be under way at once

	logins logins

	mu    sync.Mutex
	paces map[string]*rate.Limiter // by recipient

	day *msg.Quota // of all recipients
}

// Dialer opens a connection.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

var _ msg.Sender = (*Client)(nil)

// Connections at once. Exchange Online takes three from one account, others more. Words never wait for pictures.
// https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements
const wordsAtOnce, picturesAtOnce = 2, 1

// newClient returns the client of a section that Validate has found right. It does not use the network.
func newClient(c *Config, b msg.Bot) (*Client, error) {
	s, err := parseServer(c.Server)
	if err != nil {
		return nil, err
	}
	from, err := parseFrom(c.From)
	if err != nil {
		return nil, err
	}
	client := &Client{
		Bot: b, server: s, from: *from, user: c.User, password: c.Password, dial: b.Dial,
		words: make(chan struct{}, wordsAtOnce), pictures: make(chan struct{}, picturesAtOnce),
		paces: map[string]*rate.Limiter{},
	}
	if !s.local() {
		client.day = msg.NewQuota(dayBurst, dayEvery)
	}
	if client.user == "" {
		client.user = from.Address
	}
	if client.dial == nil {
		client.dial = (&net.Dialer{Timeout: replyLimit, KeepAlive: 15 * time.Second}).DialContext
	}
	return client, nil
}

// Platform is "mail".
func (c *Client) Platform() string { return platform }

// maxText bounds the text of a mail, in bytes: with its picture's page it is far from the 102 KB at which Gmail cuts.
const maxText = 32 << 10

// Fits reports whether the text has at most 32 KiB.
func (c *Client) Fits(m msg.Message) bool { return len(m.Text.String()) <= maxText }

// A recipient gets ten mails at once, and then one every ten seconds: what comes meanwhile travels in one mail.
const burst, every = 10, 10 * time.Second

// All recipients together get 250 mails, and then one every six minutes: providers take 500 in 24 hours, and none from
// an account that has sent more. A server of this machine is its owner's. https://support.google.com/mail/answer/22839
const dayBurst, dayEvery = 250, 6 * time.Minute

// spend takes note that a mail is tried to be sent to the recipient, or returns how long it must wait.
func (c *Client) spend(to string) time.Duration {
	if wait := c.day.Wait(); wait > 0 {
		return wait
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pace := c.paces[to]
	if pace == nil {
		pace = rate.NewLimiter(rate.Every(every), burst)
		c.paces[to] = pace
	}
	r := pace.Reserve()
	wait := r.Delay()
	if wait > 0 {
		r.Cancel()
	}
	return wait
}

// domain is that of the sender, which names the mails.
func (c *Client) domain() string {
	_, domain, _ := strings.Cut(c.from.Address, "@")
	return domain
}
