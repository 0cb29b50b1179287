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
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

const platform = "discord"

// API is where Discord's own REST is.
const API = "https://discord.com"

// Client is one bot. Send and what check needs work as New returns it; Listen needs the exported fields.
// Apart from these it is safe for concurrent use.
type Client struct {
	// Allowed decides who is answered, before anything else happens. What it refuses gets no reaction at all; it
	// is for Allowed to log it. Nil refuses everybody.
	Allowed func(msg.Request) bool

	// Answer says what to post in answer to an allowed request, within a minute.
	Answer func(context.Context, msg.Request) msg.Message

	// Suggest proposes values while a command is typed, "/ip 198." for one; nil proposes nothing.
	Suggest func(context.Context, msg.Request) []string

	// Commands are registered as slash commands of the guild.
	Commands []msg.Command

	// Guild is the server where commands are registered and heard; empty: none are.
	Guild string

	Store *store.Store // keeps the gateway's session, the identify budget, and which commands are registered
	Log   *slog.Logger // nil: silence

	token string
	dial  Dialer
	rest  *discordgo.Session
	http  *http.Transport
}

// Dialer opens a connection.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

var _ msg.Sender = (*Client)(nil)

// tokenForm is three parts in URL-safe base64: the bot's id, a time, a signature.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20,}$`)

// New makes the client of the bot with this token ("Bot " not included) at api, which is Discord's or a proxy's in
// front of it. It needs no network. Every connection, of REST and of the gateway, is opened by dial; nil is the
// network itself.
func New(token, api string, dial Dialer) (*Client, error) {
	if !tokenForm.MatchString(token) {
		return nil, errors.New("discord: the token is not of the form MTIz….Gabc….defg… that the developer portal gives")
	}
	base, err := parseAPI(api)
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

// parseAPI wants https, but on this very machine, and nothing that is a secret or would be lost.
func parseAPI(api string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(api, "/"))
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("not an address of the form " + API)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must hold neither user nor query")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("must begin with https:// (http:// only on 127.0.0.1, ::1 and localhost)")
}

// loopback reports whether host never leaves this machine. No name but localhost is known not to.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *Client) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log.With("platform", platform)
}
