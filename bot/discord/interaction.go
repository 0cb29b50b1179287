package discord

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// An interaction is answered within three seconds, or not at all; what is deferred then, within 15 minutes:
// https://discord.com/developers/docs/interactions/receiving-and-responding
const (
	deferLimit  = 3 * time.Second
	answerLimit = time.Minute
	maxArgument = 100 // characters of free text
)

// interaction checks who asks, from where, and what, and then has it answered. Whoever is not allowed gets no
// reaction, so that Discord tells him that the application did not respond.
func (l *listener) interaction(ctx context.Context, raw json.RawMessage) {
	var i discordgo.Interaction
	if err := json.Unmarshal(raw, &i); err != nil {
		l.log.Warn("an interaction that cannot be read is skipped")
		return
	}
	req, why := l.request(&i)
	if why != "" {
		if l.ignored.Allow(req.User) {
			l.log.Info("command ignored", "reason", why, "chat", req.Chat, "user", req.User)
		}
		return
	}
	if l.Allowed == nil || !l.Allowed(req) {
		return
	}
	select {
	case l.slots <- struct{}{}:
	default:
		if l.ignored.Allow(req.User + " flood") {
			l.log.Warn("command ignored", "reason", "too many at once", "chat", req.Chat, "user", req.User)
		}
		return
	}
	l.running.Go(func() {
		defer func() { <-l.slots }()
		if i.Type == discordgo.InteractionApplicationCommandAutocomplete {
			l.propose(ctx, &i, req)
			return
		}
		l.respond(ctx, &i, req)
	})
}

// request is what an interaction asks, or why it is not heard. The ids are Discord's word, and digits.
func (l *listener) request(i *discordgo.Interaction) (req msg.Request, why string) {
	req = msg.Request{Platform: platform, Chat: store.Clean(i.ChannelID, 20)}
	who := i.User // in a direct message
	if i.Member != nil {
		who = i.Member.User
	}
	if who == nil {
		return req, "nobody asks"
	}
	req.User = store.Clean(who.ID, 20)
	switch {
	case i.GuildID != l.Guild:
		return req, "another server"
	case who.Bot:
		return req, "a bot"
	}
	switch data := i.Data.(type) {
	case discordgo.ApplicationCommandInteractionData:
		at := slices.IndexFunc(l.Commands, func(c msg.Command) bool { return c.Name == data.Name })
		if at < 0 {
			return req, "no such command"
		}
		req.Text = commandText(l.Commands[at], data)
	case discordgo.MessageComponentInteractionData:
		if !strings.HasPrefix(data.CustomID, "/") {
			return req, "no such button"
		}
		req.Text = store.Clean(data.CustomID, maxArgument)
	default:
		return req, "no command"
	}
	return req, ""
}

// commandText is the command as if typed: its options in the order of the Command, those not given left out.
func commandText(c msg.Command, data discordgo.ApplicationCommandInteractionData) string {
	words := []string{"/" + c.Name}
	for _, a := range c.Args {
		at := slices.IndexFunc(data.Options, func(o *discordgo.ApplicationCommandInteractionDataOption) bool {
			return o != nil && o.Name == a.Name
		})
		if at < 0 {
			continue
		}
		if value, ok := data.Options[at].Value.(string); ok && value != "" {
			words = append(words, store.Clean(value, maxArgument))
		}
	}
	return strings.Join(words, " ")
}

// respond tells Discord that an answer will come, makes it, and posts it.
func (l *listener) respond(ctx context.Context, i *discordgo.Interaction, req msg.Request) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	if err := l.deferAnswer(ctx, i); err != nil {
		if ctx.Err() == nil {
			l.log.Warn("command cannot be answered", "chat", req.Chat, "error", err)
		}
		return
	}
	err := l.edit(ctx, i, l.answer(ctx, req))
	if err != nil && ctx.Err() == nil {
		l.log.Warn("answer to a command not posted", "chat", req.Chat, "error", err)
		_ = l.edit(ctx, i, failed) // or the bot would be seen to think for ever
	}
}

// propose answers somebody who is typing.
func (l *listener) propose(ctx context.Context, i *discordgo.Interaction, req msg.Request) {
	const most = 25 // https://discord.com/developers/docs/interactions/receiving-and-responding
	ctx, cancel := context.WithTimeout(ctx, deferLimit)
	defer cancel()
	choices := []*discordgo.ApplicationCommandOptionChoice{}
	if l.Suggest != nil {
		for _, s := range l.Suggest(ctx, req) {
			if len(choices) < most && len(s) <= maxArgument {
				choices = append(choices, &discordgo.ApplicationCommandOptionChoice{Name: s, Value: s})
			}
		}
	}
	answer := map[string]any{ // the library's own type leaves out an empty list, which Discord refuses
		"type": discordgo.InteractionApplicationCommandAutocompleteResult,
		"data": map[string]any{"choices": choices},
	}
	err := classify(l.write(ctx, http.MethodPost, discordgo.EndpointInteractionResponse(i.ID, i.Token), answer, nil))
	if err != nil && ctx.Err() == nil {
		l.log.Debug("no proposals made", "error", err) // who types goes on typing
	}
}

// failed takes the place of an answer that cannot be given or shown.
var failed = msg.Message{Text: msg.Text{{Text: "That went wrong. The log says more."}}}

func (l *listener) deferAnswer(ctx context.Context, i *discordgo.Interaction) error {
	ctx, cancel := context.WithTimeout(ctx, deferLimit)
	defer cancel()
	answer := struct {
		Type discordgo.InteractionResponseType `json:"type"`
	}{discordgo.InteractionResponseDeferredChannelMessageWithSource}
	return classify(l.write(ctx, http.MethodPost, discordgo.EndpointInteractionResponse(i.ID, i.Token), answer, nil))
}

// answer is the handler's, whatever it does.
func (l *listener) answer(ctx context.Context, req msg.Request) (m msg.Message) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Error("command panicked", "panic", p, "stack", string(debug.Stack()))
			m = failed
		}
	}()
	return l.Answer(ctx, req)
}

// edit puts m in the place of the deferred answer. Since that makes no copies, it is tried three times within ctx.
func (l *listener) edit(ctx context.Context, i *discordgo.Interaction, m msg.Message) (err error) {
	m.Nonce = ""
	for range 3 {
		err = l.deliver(ctx, http.MethodPatch, discordgo.EndpointWebhookMessage(i.AppID, i.Token, "@original"), m)
		if _, rejected := errors.AsType[*msg.RejectedError](err); err == nil || rejected {
			return err
		}
		wait := time.Second
		if e, limited := errors.AsType[*msg.RetryAfterError](err); limited {
			wait = e.After
		}
		if !sleep(ctx, wait) {
			return err
		}
	}
	return err
}
