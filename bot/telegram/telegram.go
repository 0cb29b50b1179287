// Package telegram is friendlyfire on Telegram: it posts messages to chats and answers commands. It owns the section
// [telegram] of the configuration, the checks of the token and the chats with their advice, and the text of pairing.
//
// It knows the Bot API's limits and faults, and turns them into the errors of package msg. It knows nothing of bans, or
// of what messages say. The library makes the requests; this package adds what the library lacks: cancellation, errors
// without secrets, bounds on answers, and tolerance of updates that cannot be read.
package telegram

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// API is the base URL of Telegram's own Bot API server.
const API = "https://api.telegram.org"

const platform = "telegram"

// Client is one bot. Send, Me, CanPost and Pair work as New returns it; Listen needs the exported fields. Once these
// are set, it is safe for concurrent use.
type Client struct {
	// Bot answers the commands: those of one chat one after the other, those of several chats at once. An answer with
	// neither text nor photo is not posted. The store keeps the offset of the updates.
	msg.Bot

	token    string
	endpoint string // format of a method's URL, as the library expects it
	http     *http.Client
	limits   rateLimit
}

var _ msg.Editor = (*Client)(nil)

// New returns the client of the bot with this token at the Bot API server api. It does not use the network.
//
// Requests go through a copy of client, with this package's own timeouts and redirect policy. A nil client is one that
// speaks HTTP/1.1, and TLS 1.2 or newer.
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
	// A redirect would send the token, which is in the path, to another host.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		token:    token,
		endpoint: strings.ReplaceAll(strings.TrimSuffix(api, "/"), "%", "%%") + "/bot%s/%s",
		http:     &own,
	}, nil
}

// newTransport speaks HTTP/1.1, where a cancelled call closes its connection, so that a dead one is never used again.
func newTransport() *http.Transport {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     20 * time.Second, // less than any server's, which could close it during a request
		Protocols:           new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// Platform is "telegram".
func (c *Client) Platform() string { return platform }

// id is the bot's user id, with which the token begins.
func (c *Client) id() string {
	id, _, _ := strings.Cut(c.token, ":")
	return id
}
