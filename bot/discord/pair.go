package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// pairingIntents ask for messages. Direct messages and those that mention the bot come with their text even without the
// privileged intent: https://discord.com/developers/docs/events/gateway#message-content-intent
const pairingIntents = discordgo.IntentGuildMessages | discordgo.IntentDirectMessages

// pairing is the state of a listener that waits for a code.
type pairing struct {
	ready  func(msg.Self)
	accept func(msg.PairAttempt) bool
	stop   func()

	self  string           // the bot's user id
	found *msg.PairAttempt // for which accept returned true
}

// FatalError says that Discord will never let the bot in with this token.
type FatalError struct{ error }

func (e *FatalError) Error() string { return "Discord does not let the bot in: " + e.error.Error() }

func (e *FatalError) Unwrap() error { return e.error }

// Pair listens for codes until accept returns true for one, and returns that attempt. It calls ready as soon as it
// listens. It answers nobody.
//
// A code stands beside a mention of the bot in a channel that the bot sees, or is a direct message of its own. Pair
// uses a gateway session of its own, which is not stored. It takes an identify out of the day's budget in Store, and
// another whenever a session cannot be resumed.
//
// Pair tries again after a failed connection until ctx ends. A *FatalError, a *BudgetError and a refused token are
// final.
func (c *Client) Pair(
	ctx context.Context, ready func(msg.Self), accept func(msg.PairAttempt) bool,
) (msg.PairAttempt, error) {
	defer c.http.CloseIdleConnections()
	if _, err := c.Me(ctx); err != nil {
		return msg.PairAttempt{}, err
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	p := &pairing{ready: ready, accept: accept, stop: stop}
	l := &listener{Client: c, log: c.Logger(platform), pairing: p}
	defer l.running.Wait()
	for failures := 0; ; failures++ {
		identified, err := l.connect(inner)
		switch {
		case p.found != nil:
			c.nameChannel(ctx, p.found)
			return *p.found, nil
		case ctx.Err() != nil:
			return msg.PairAttempt{}, context.Cause(ctx)
		case fatal(err):
			return msg.PairAttempt{}, &FatalError{errors.New(l.clean(err))}
		}
		if e, ok := errors.AsType[*BudgetError](err); ok {
			return msg.PairAttempt{}, e
		}
		most := maxBackoff / 2
		if identified {
			most = maxIdentifyBackoff
		}
		msg.Sleep(ctx, backoff(err, failures, most))
	}
}

// onReady handles READY.
func (p *pairing) onReady(data json.RawMessage) {
	var r struct {
		User        discordgo.User        `json:"user"`
		Application discordgo.Application `json:"application"`
		Guilds      []struct{}            `json:"guilds"`
	}
	if json.Unmarshal(data, &r) != nil {
		return // connection has decoded the same data
	}
	p.self = r.User.ID
	if p.ready != nil {
		p.ready(msg.Self{Name: store.Clean(r.User.Username, 40), App: r.Application.ID, Alone: len(r.Guilds) == 0})
		p.ready = nil
	}
}

// onMessage handles MESSAGE_CREATE.
func (p *pairing) onMessage(data json.RawMessage) {
	var m discordgo.Message
	if p.found != nil || json.Unmarshal(data, &m) != nil {
		return
	}
	if a, ok := p.pairAttempt(&m); ok && p.accept(a) {
		p.found = &a
		p.stop()
	}
}

func (p *pairing) pairAttempt(m *discordgo.Message) (a msg.PairAttempt, ok bool) {
	if m.Author == nil || m.Author.Bot || m.WebhookID != "" ||
		m.Type != discordgo.MessageTypeDefault && m.Type != discordgo.MessageTypeReply {
		return a, false
	}
	text := strings.NewReplacer("<@"+p.self+">", "", "<@!"+p.self+">", "").Replace(m.Content)
	code, ok := msg.CodeIn(strings.TrimSpace(text))
	if !ok || m.GuildID != "" && text == m.Content {
		return a, false
	}
	a = msg.PairAttempt{
		Code: code, User: store.Clean(m.Author.ID, 20), UserName: userName(m.Author),
		Chat: store.Clean(m.ChannelID, 20), Guild: store.Clean(m.GuildID, 20),
	}
	if a.Guild == "" {
		a.Unfit = "it came in a direct message. Commands are heard in a server: send the code in a channel of yours"
	}
	return a, true
}

func userName(u *discordgo.User) string {
	name := "@" + store.Clean(u.Username, 40)
	if u.GlobalName != "" {
		name = store.Clean(u.GlobalName, 40) + " " + name
	}
	return name
}

// nameChannel sets a.ChatName, if Discord returns the name within two seconds.
func (c *Client) nameChannel(ctx context.Context, a *msg.PairAttempt) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	channel, err := c.rest.Channel(a.Chat, discordgo.WithContext(ctx))
	if err != nil {
		return
	}
	a.ChatName = "#" + store.Clean(channel.Name, 100)
	if guild, err := c.rest.Guild(a.Guild, discordgo.WithContext(ctx)); err == nil {
		a.ChatName += fmt.Sprintf(" of %s", store.Clean(guild.Name, 100))
	}
}
