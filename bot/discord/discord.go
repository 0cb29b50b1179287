// Package discord is the Discord side of the bot: posts by REST, slash commands and buttons by the gateway.
//
// Every request passes one door (see door): it speaks to the configured base only, follows no redirect, bounds
// time and size, waits for the platform's rate limits before the platform has to say no, and keeps tokens out of
// errors. The library's types and calls are used; its retries, waits and its gateway are not, for they know neither
// contexts nor budgets, and hide why a connection was closed (see connection).
//
// The package knows Discord's limits, faults and silences, and turns them into the errors of package msg. It knows
// nothing of bans, notices or wording.
package discord

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

const platform = "discord"

// API is where Discord's own REST is.
const API = "https://discord.com"

// Client is one bot. Send and what check needs work as New returns it; Listen needs the exported fields.
// Apart from these it is safe for concurrent use.
type Client struct {
	// Bot is whom it speaks for. Commands are registered as slash commands of the guild. The store keeps the gateway's
	// session, the identify budget, and which commands are registered.
	msg.Bot

	// Guild is the server where commands are registered and heard; empty: none are.
	Guild string

	token string
	dial  Dialer
	rest  *discordgo.Session
	http  *http.Transport
}

// Dialer opens a connection.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

var _ msg.Sender = (*Client)(nil)

// New makes the client of the bot with this token ("Bot " not included) at api, which is Discord's or a proxy's in
// front of it. It needs no network. Every connection, of REST and of the gateway, is opened by dial; nil is the
// network itself.
func New(token, api string, dial Dialer) (*Client, error) {
	if token == "" || tokenForm.FindString(token) != token {
		return nil, errors.New("discord: the token is not of the form MTIz….Gabc….defg… that the developer portal gives")
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
		IdleConnTimeout:     20 * time.Second, // less than any server's own, which would cost a lost answer
	}
	rest, err := discordgo.New("Bot " + token)
	if err != nil {
		return nil, errors.New("discord: the library refuses the token")
	}
	rest.Client = &http.Client{Transport: &transport{base: base, token: token, pace: newRateLimit(), next: network}}
	rest.ShouldRetryOnRateLimit, rest.MaxRestRetries = false, 0
	rest.LogLevel = -1 // its log goes past ours, and holds addresses
	return &Client{token: token, dial: dial, rest: rest, http: network}, nil
}

// Platform is "discord".
func (c *Client) Platform() string { return platform }

func (c *Client) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log.With("platform", platform)
}
