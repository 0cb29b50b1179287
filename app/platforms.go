package app

import (
	"context"
	"path/filepath"

	"friendlyfire/bot"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/terminal"
	"friendlyfire/config"
	"friendlyfire/store"
)

// sections are those of all chat platforms, with their defaults. This is the one list that names them.
func sections() []config.Section {
	return []config.Section{telegram.NewConfig(), discord.NewConfig()}
}

// Platform is a chat platform, as its section of the configuration has it.
type Platform interface {
	config.Section

	Chats() []string // where alerts go and commands are heard; none: the platform is not used
	Users() []string // who may command
	HasToken() bool

	// Connect makes the connection, without the network.
	Connect(b msg.Bot) (msg.PairingConnection, error)
	// Advice says what to do about the platform's refusals.
	Advice() msg.Advice

	// NewToken says in a sentence how to get a token.
	NewToken() string
	// PairsWithStore reports whether the connection keeps something in the store while the bot is being paired.
	PairsWithStore() bool
	// Invite says, in indented lines, how the code is sent.
	Invite(self msg.Self, code string) string
	// Entries are what the section is to hold for the chat and the person that a code came from.
	Entries(a msg.PairAttempt) ([]config.Entry, error)
	// ExplainPairing says what to do about an error of Pair.
	ExplainPairing(err error) error
}

// Platforms are all chat platforms, as the configuration has them.
func Platforms(c *config.Config) (all []Platform) {
	for _, section := range c.Platforms {
		all = append(all, section.(Platform)) //nolint:forcetypeassert // sections has no others
	}
	return all
}

// PlatformNames are the names of all chat platforms.
func PlatformNames() (names []string) {
	for _, section := range sections() {
		names = append(names, section.Name())
	}
	return names
}

// PlatformNamed is the platform with that name in the configuration, nil where there is none.
func PlatformNamed(c *config.Config, name string) Platform {
	for _, platform := range Platforms(c) {
		if platform.Name() == name {
			return platform
		}
	}
	return nil
}

// connect makes the connections to the platforms that have chats, or to the terminal where none has.
func (a *App) connect(answers *bot.Commands) error {
	access := &bot.Access{Store: a.Store, Chats: map[string][]string{}, Users: map[string][]string{}, Log: a.log}
	answer := func(ctx context.Context, r msg.Request) msg.Message {
		defer a.memory.Touch()
		return answers.Answer(ctx, r)
	}
	add := func(connection msg.Connection, chats, users []string) {
		name := connection.Platform()
		a.Connections = append(a.Connections, connection)
		access.Chats[name], access.Users[name] = chats, users
		for _, id := range chats {
			a.Chats = append(a.Chats, store.Chat{Platform: name, ID: id})
		}
	}
	for _, platform := range Platforms(a.Config) {
		if len(platform.Chats()) == 0 {
			continue
		}
		connection, err := platform.Connect(msg.Bot{
			Dial: a.env.Dial, Allowed: access.Allowed, Answer: answer, Suggest: answers.Suggest, Commands: bot.CommandList(),
			Store: a.Store, Log: a.log,
		})
		if err != nil {
			return err
		}
		add(connection, platform.Chats(), platform.Users())
	}
	if len(a.Connections) == 0 {
		add(&terminal.Terminal{
			In: a.env.In, Out: a.env.Out, Styled: IsTerminal(a.env.Out), Answer: answer,
			Picture: filepath.Join(filepath.Dir(a.Config.Database), "report.png"),
		}, []string{terminal.Chat}, []string{terminal.Chat})
	}
	return nil
}

// onTerminal reports whether the terminal is the chat, since no platform is configured.
func (a *App) onTerminal() bool {
	_, is := a.Connections[0].(*terminal.Terminal)
	return is
}
