// Package telegram is friendlyfire on Telegram: it posts messages to chats and answers the commands typed there.
//
// It knows the Bot API's limits, faults and silences, and turns them into the errors of package msg. It knows
// nothing of bans, notices or wording. The library carries the requests; everything that a bot must survive
// (cancellation, secrets in errors, endless answers, updates that cannot be read) is dealt with here.
package telegram

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// API is where Telegram's own Bot API is.
const API = "https://api.telegram.org"

const platform = "telegram"

// Client is one bot. Send and what check needs work as New returns it; Listen needs the exported fields.
// Apart from these it is safe for concurrent use.
type Client struct {
	// Bot is whom it speaks for. Requests of one chat are answered one after the other, those of several chats at once; an
	// answer without text and photo is not posted. The store keeps how far updates have been read.
	msg.Bot

	token    string
	endpoint string // format of a method's URL, as the library wants it
	http     *http.Client
	pace     rateLimit
}

var _ msg.Sender = (*Client)(nil)

// New makes the client of the bot with this token at the Bot API server api. It needs no network.
//
// The connections are those of client, whose time limit and redirect policy are replaced by this package's own;
// nil is a client that speaks HTTP/1.1 and TLS 1.2 or newer.
func New(token, api string, client *http.Client) (*Client, error) {
	if token == "" || tokenForm.FindString(token) != token {
		return nil, errors.New("telegram: the token is not of the form 1234567890:AbCdEf… that BotFather gives")
	}
	if _, err := config.ParseAPI(api); err != nil {
		return nil, fmt.Errorf("telegram: api: %w", err)
	}
	own := http.Client{Transport: newTransport()}
	if client != nil {
		own = *client
	}
	own.Timeout = 0 // every call has its own
	// The token is in the path: a redirect would hand it to another host.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		token:    token,
		endpoint: strings.ReplaceAll(strings.TrimSuffix(api, "/"), "%", "%%") + "/bot%s/%s",
		http:     &own,
	}, nil
}

// newTransport speaks HTTP/1.1: a call that is given up closes its connection, so that a dead one is never used twice.
func newTransport() *http.Transport {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     20 * time.Second, // less than any server's own, which would cost a lost answer
		Protocols:           new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// Platform is "telegram".
func (c *Client) Platform() string { return platform }

// id is the bot's own user id: the token begins with it.
func (c *Client) id() string {
	id, _, _ := strings.Cut(c.token, ":")
	return id
}

func (c *Client) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log.With("platform", platform)
}
