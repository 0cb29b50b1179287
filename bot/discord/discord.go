// Package discord is friendlyfire on Discord: it posts messages to channels through the REST API, and answers slash
// commands and buttons, which come through the gateway. It owns the section [discord] of the configuration, the checks
// of the token and the channels with their advice, and the text of pairing.
//
// It knows Discord's limits and faults, and turns them into the errors of package msg. It knows nothing of bans, or of
// what messages say. All REST requests go through transport, which sends them to the configured host only, follows no
// redirects, bounds their time and size, waits for rate limits, and keeps tokens out of errors. The library's types and
// calls are used, but neither its retries and waits, which ignore contexts, nor its gateway client (see connection).
package discord

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

const platform = "discord"

// API is the base URL of Discord's own REST API.
const API = "https://discord.com"

// Client is one bot. Send, Me and CanPost work as New returns it; Pair needs the store, and Listen all exported fields.
// Once these are set, it is safe for concurrent use.
type Client struct {
	// Bot answers the commands, which are registered as slash commands of the guild. The store keeps the gateway
	// session, the times of the last identifies, and which commands are registered.
	msg.Bot

	// Guild is the server where commands are registered and answered; "": nowhere.
	Guild string

	token string
	dial  Dialer
	rest  *discordgo.Session
	http  *http.Transport
}

// Dialer opens a connection.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

var _ msg.Editor = (*Client)(nil)

// New returns the client of the bot with this token, without "Bot ", at api, which is Discord's or that of a proxy in
// front of it. It does not use the network. Every connection, to the REST API and to the gateway, is opened by dial;
// nil dials the network.
func New(token, api string, dial Dialer) (*Client, error) {
	if token == "" || tokenForm.FindString(token) != token {
		return nil, errors.New("discord: the token is not of the form MTIz….Gabc….defg… " +
			"that the developer portal gives")
	}
	base, err := config.ParseAPI(api)
	if err != nil {
		return nil, fmt.Errorf("discord: api: %w", err)
	}
	if dial == nil {
		dial = (&net.Dialer{Timeout: callLimit, KeepAlive: 15 * time.Second}).DialContext
	}
	network := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dial,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: callLimit,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     20 * time.Second, // less than any server's, which could close it during a request
	}
	rest, err := discordgo.New("Bot " + token)
	if err != nil {
		return nil, errors.New("discord: the library refuses the token")
	}
	rest.ShouldRetryOnRateLimit, rest.MaxRestRetries = false, 0
	rest.LogLevel = -1 // its log bypasses ours, and contains URLs
	c := &Client{token: token, dial: dial, rest: rest, http: network}
	rest.Client = &http.Client{Transport: &transport{
		base: base, token: token, limits: newRateLimit(), next: network, answered: c.SawAnswer,
	}}
	return c, nil
}

// Platform is "discord".
func (c *Client) Platform() string { return platform }
