package discord

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
)

// onReady is called when a session has started or resumed.
func (c *connection) onReady(ctx context.Context) {
	if c.pairing != nil {
		return
	}
	c.Hearing.Restored()
	c.log.Info("listening for commands")
	app := c.session.App
	c.registering.Do(func() { c.running.Go(func() { c.registerCommands(ctx, app) }) })
}

// registerCommands sets the guild's slash commands if they have changed, since creations are limited to 200 a day. It
// tries until it succeeds: even a refusal may pass, as the limit does.
// https://discord.com/developers/docs/interactions/application-commands
func (l *listener) registerCommands(ctx context.Context, app string) {
	commands := slashCommands(l.Commands)
	encoded, err := json.Marshal(commands)
	if err != nil {
		l.log.Error("slash commands cannot be registered", "error", err)
		return
	}
	sum := sha256.Sum256([]byte(app + " " + l.Guild + " " + string(encoded)))
	hash := hex.EncodeToString(sum[:])
	if registered, err := l.Store.Value(ctx, commandsKey); err == nil && registered == hash {
		return
	}
	told := msg.Throttle{Every: 6 * time.Hour}
	for failures := 0; ; failures++ {
		err := classify(l.call(ctx, http.MethodPut, discordgo.EndpointApplicationGuildCommands(app, l.Guild), commands, nil))
		if err == nil {
			err = l.Store.SetValue(ctx, commandsKey, hash)
		}
		if err == nil && failures > 0 {
			l.log.Info("slash commands are registered")
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		wait := min(time.Minute<<min(failures, 10), probeInterval)
		if e, limited := errors.AsType[*msg.RetryAfterError](err); limited {
			wait = max(wait, e.After)
		}
		if told.Allow("registering") {
			l.log.Warn("slash commands are not registered yet", "error", l.clean(err), "again_in", wait.Round(time.Second))
		}
		if !msg.Sleep(ctx, wait) {
			return
		}
	}
}

// slashCommand is a command in Discord's form. The library's types write null for what is absent, which other servers
// of the protocol refuse.
type slashCommand struct {
	Type        discordgo.ApplicationCommandType `json:"type"`
	Name        string                           `json:"name"`
	Description string                           `json:"description"`
	Options     []slashOption                    `json:"options,omitempty"`
}

type slashOption struct {
	Type         discordgo.ApplicationCommandOptionType `json:"type"`
	Name         string                                 `json:"name"`
	Description  string                                 `json:"description"`
	Required     bool                                   `json:"required,omitempty"`
	Autocomplete bool                                   `json:"autocomplete,omitempty"`
	MaxLength    int                                    `json:"max_length,omitempty"`
	Choices      []slashChoice                          `json:"choices,omitempty"`
}

type slashChoice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// slashCommands returns the commands in Discord's form, in which every argument is a string.
func slashCommands(commands []msg.Command) []slashCommand {
	out := make([]slashCommand, len(commands))
	for i, c := range commands {
		out[i] = slashCommand{Type: discordgo.ChatApplicationCommand, Name: c.Name, Description: c.Description}
		for _, a := range c.Args {
			option := slashOption{
				Type: discordgo.ApplicationCommandOptionString, Name: a.Name, Description: a.Description,
				Required: a.Required, Autocomplete: a.Suggested,
			}
			if a.Choices == nil {
				option.MaxLength = maxArgument
			}
			for _, name := range a.Choices {
				option.Choices = append(option.Choices, slashChoice{Name: name, Value: name})
			}
			out[i].Options = append(out[i].Options, option)
		}
	}
	return out
}
