package discord

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Discord accepts the response to an interaction within three seconds, and the answer to a deferred one within 15
// minutes: https://discord.com/developers/docs/interactions/receiving-and-responding
const (
	deferLimit  = 3 * time.Second
	answerLimit = time.Minute
	maxArgument = 100 // characters of free text
)

// handleInteraction answers a command, if it may be answered. Somebody who is not allowed gets no reaction, and Discord
// shows them that the application did not respond.
func (l *listener) handleInteraction(ctx context.Context, raw json.RawMessage) {
	var i discordgo.Interaction
	if err := json.Unmarshal(raw, &i); err != nil {
		l.log.Warn("an interaction that cannot be read is skipped")
		return
	}
	req, why := l.parseRequest(&i)
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
			l.suggest(ctx, &i, req)
			return
		}
		l.respond(ctx, &i, req)
	})
}

// segment matches what can be a segment of the path of an answer, as all ids and tokens are.
var segment = regexp.MustCompile(`^[A-Za-z0-9_=+-][A-Za-z0-9_=+.-]*$`)

// parseRequest returns the command that an interaction is, or why it is ignored.
func (l *listener) parseRequest(i *discordgo.Interaction) (req msg.Request, why string) {
	req = msg.Request{Platform: platform, Chat: store.Clean(i.ChannelID, 20)}
	who := i.User // in a direct message
	if i.Member != nil {
		who = i.Member.User
	}
	if who == nil {
		return req, "nobody asks"
	}
	req.User, req.Name = store.Clean(who.ID, 20), store.Clean(who.Username, 30)
	switch {
	case !segment.MatchString(i.ID) || !segment.MatchString(i.Token) || !segment.MatchString(i.AppID):
		return req, "no way to answer"
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

// commandText returns the command as if it were typed: the options that were given, in the order of c.Args.
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

// respond defers the answer, makes it, and posts it.
func (l *listener) respond(ctx context.Context, i *discordgo.Interaction, req msg.Request) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	if err := l.deferAnswer(ctx, i); err != nil {
		if ctx.Err() == nil {
			l.log.Warn("command cannot be answered", "chat", req.Chat, "error", err)
		}
		return
	}
	m := l.answer(ctx, req)
	known, err := true, error(nil)
	if !isPress(i) || !m.Aside {
		known, err = l.edit(ctx, i, m)
	}
	if isPress(i) && known && (m.Aside || err != nil) && ctx.Err() == nil {
		err = l.below(ctx, i, m)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	l.log.Warn("answer to a command not posted", "chat", req.Chat, "error", err)
	if known && !isPress(i) {
		_, _ = l.edit(ctx, i, failedAnswer) // otherwise Discord would show that the bot is thinking
	}
}

// suggest responds to an unfinished command with values for the argument that is being typed.
func (l *listener) suggest(ctx context.Context, i *discordgo.Interaction, req msg.Request) {
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
	answer := map[string]any{ // the library's type omits an empty list, which Discord refuses
		"type": discordgo.InteractionApplicationCommandAutocompleteResult,
		"data": map[string]any{"choices": choices},
	}
	err := classify(l.call(ctx, http.MethodPost, discordgo.EndpointInteractionResponse(i.ID, i.Token), answer, nil))
	if err != nil && ctx.Err() == nil {
		l.log.Debug("no proposals made", "error", err) // which does not keep anybody from typing on
	}
}

// failedAnswer takes the place of an answer that cannot be made or posted.
var failedAnswer = msg.Message{Text: msg.Text{{Text: "That went wrong. The log says more."}}, Aside: true}

// answer calls Answer. A panic there costs the answer, not the program.
func (l *listener) answer(ctx context.Context, req msg.Request) (m msg.Message) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Error("command panicked", "panic", p, "stack", string(debug.Stack()))
			m = failedAnswer
		}
	}()
	return l.Answer(ctx, req)
}
