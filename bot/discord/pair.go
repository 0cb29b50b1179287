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

// pairingIntents ask for messages. Their text comes in direct messages and where the bot itself is mentioned, for which
// nobody need switch on the privileged intent: https://discord.com/developers/docs/events/gateway#message-content-intent
const pairingIntents = discordgo.IntentGuildMessages | discordgo.IntentDirectMessages

// pairing is what a listener that waits for a code knows.
type pairing struct {
	ready func(msg.Self)
	heard func(msg.PairAttempt) bool
	stop  func()

	self  string           // the bot's user id
	found *msg.PairAttempt // the one that heard was true for
}

// BudgetError says that the day's identifies are spent.
type BudgetError = budgetError

// FatalError is Discord's word that the bot will not be let in with this token.
type FatalError struct{ error }

func (e *FatalError) Error() string { return "Discord does not let the bot in: " + e.error.Error() }

func (e *FatalError) Unwrap() error { return e.error }

// Pair listens for codes until heard returns true, and returns the Attempt that it was true for. It calls ready when
// codes will be heard. Nobody is answered.
//
// A code is what stands beside a mention of the bot in a channel that it sees, or alone in a direct message.
// The gateway's session is its own and is not kept. It costs an identify of the day's budget in Store, and one more
// whenever a connection does not last.
//
// A connection that fails is tried again until ctx ends. A *FatalError, a token that is refused, and a *BudgetError are
// final.
func (c *Client) Pair(ctx context.Context, ready func(msg.Self), heard func(msg.PairAttempt) bool) (msg.PairAttempt, error) {
	defer c.http.CloseIdleConnections()
	if _, err := c.Me(ctx); err != nil {
		return msg.PairAttempt{}, err
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	p := &pairing{ready: ready, heard: heard, stop: stop}
	l := &listener{Client: c, log: c.log(), pairing: p}
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
		if e, ok := errors.AsType[*budgetError](err); ok {
			return msg.PairAttempt{}, e
		}
		most := pauseNone / 2
		if identified {
			most = pauseSpent
		}
		sleep(ctx, pause(err, failures, most))
	}
}

// begin takes READY.
func (p *pairing) begin(data json.RawMessage) {
	var r struct {
		User        discordgo.User        `json:"user"`
		Application discordgo.Application `json:"application"`
		Guilds      []struct{}            `json:"guilds"`
	}
	if json.Unmarshal(data, &r) != nil {
		return // connection has read the same
	}
	p.self = r.User.ID
	if p.ready != nil {
		p.ready(msg.Self{Name: store.Clean(r.User.Username, 40), App: r.Application.ID, Alone: len(r.Guilds) == 0})
		p.ready = nil
	}
}

// message takes MESSAGE_CREATE.
func (p *pairing) message(data json.RawMessage) {
	var m discordgo.Message
	if p.found != nil || json.Unmarshal(data, &m) != nil {
		return
	}
	if a, ok := p.attempt(&m); ok && p.heard(a) {
		p.found = &a
		p.stop()
	}
}

func (p *pairing) attempt(m *discordgo.Message) (a msg.PairAttempt, ok bool) {
	if m.Author == nil || m.Author.Bot || m.WebhookID != "" || m.Type != discordgo.MessageTypeDefault && m.Type != discordgo.MessageTypeReply {
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

// nameChannel fills in what the channel is called, if Discord says.
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
