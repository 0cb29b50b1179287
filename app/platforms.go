package app

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"friendlyfire/bot"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/mail"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/ntfy"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/terminal"
	"friendlyfire/bot/webhook"
	"friendlyfire/config"
	"friendlyfire/store"
)

// sections returns the sections of all chat platforms, with their defaults. This is the one list that names them.
func sections() []config.Section {
	return []config.Section{
		telegram.NewConfig(), discord.NewConfig(), ntfy.NewConfig(), webhook.NewConfig(), mail.NewConfig(),
	}
}

// Platform is a chat platform as its section of the configuration describes it.
type Platform interface {
	config.Section

	// Chats are where messages go; none: the platform is not used. They stand in the log, in /status and in the database,
	// so that one that is a secret goes by another name: see config.Alias.
	Chats() []string
	// Remote reports whether the platform is on another machine, which has a clock of its own.
	Remote() bool

	// Connect makes the connection without using the network. On a platform that is Commanded it is a
	// msg.PairingConnection.
	Connect(b msg.Bot) (msg.Connection, error)
	// Advice says what to do where the platform refuses the bot.
	Advice() msg.Advice
}

// Commanded is a Platform on which people give commands, and are paired with the bot. All others only get messages.
type Commanded interface {
	Platform

	// Users may give commands, in the platform's chats.
	Users() []string
	// HasToken reports whether the configuration or the environment gives a token.
	HasToken() bool

	// NewToken says in a sentence, without its full stop, how to get a token.
	NewToken() string
	// PairsWithStore reports whether the connection needs the store while the bot is being paired.
	PairsWithStore() bool
	// Invite says, in indented lines, how to send the code.
	Invite(self msg.Self, code string) string
	// Entries are what the section must hold to let in the chat and the person that the code came from.
	Entries(a msg.PairAttempt) ([]config.Entry, error)
	// ExplainPairing says what to do about an error of Pair.
	ExplainPairing(err error) error
}

// Platforms returns all chat platforms of the configuration, used or not.
func Platforms(c *config.Config) (all []Platform) {
	for _, section := range c.Platforms {
		all = append(all, section.(Platform)) //nolint:forcetypeassert // sections has no others
	}
	return all
}

// PairNames returns the names of the platforms that can be paired.
func PairNames() (names []string) {
	for _, section := range sections() {
		if _, ok := section.(Commanded); ok {
			names = append(names, section.Name())
		}
	}
	return names
}

// DeafNames returns the names of all other platforms, which only get messages.
func DeafNames() (names []string) {
	for _, section := range sections() {
		if _, ok := section.(Commanded); !ok {
			names = append(names, section.Name())
		}
	}
	return names
}

// UsersOf returns who may give commands on the platform, and whether commands are given there at all.
func UsersOf(p Platform) (users []string, commanded bool) {
	c, commanded := p.(Commanded)
	if commanded {
		users = c.Users()
	}
	return users, commanded
}

// PlatformNamed returns the platform of that name in the configuration, or nil.
func PlatformNamed(c *config.Config, name string) Platform {
	for _, platform := range Platforms(c) {
		if platform.Name() == name {
			return platform
		}
	}
	return nil
}

// connect makes the connections to all platforms that have chats or, if none has, to the terminal.
func (a *App) connect(commands *bot.Commands) error {
	access := &bot.Access{Store: a.Store, Chats: map[string][]string{}, Users: map[string][]string{}, Log: a.log}
	answer := func(ctx context.Context, r msg.Request) msg.Message {
		defer a.memory.Touch()
		return commands.Answer(ctx, r)
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
		hearing := &msg.Hearing{Platform: platform.Name()}
		users, _ := UsersOf(platform)
		if len(users) > 0 {
			commands.Health.Hearing = append(commands.Health.Hearing, hearing)
		}
		dial, keep := a.env.Dial, (func(context.Context, string, string) error)(nil)
		if a.voice != nil {
			dial, keep = a.voice.gate.DialContext, a.voice.Keep
		}
		connection, err := platform.Connect(msg.Bot{
			Dial: dial, Keep: keep, Store: a.Store, Log: a.log, Hearing: hearing,
			Date:    func(at time.Time) { a.clock.Witness(platform.Name(), platform.Remote(), at) },
			Allowed: access.Allowed, Answer: answer, Suggest: commands.Suggest,
			Commands: bot.CommandList(commands.Acting != nil),
		})
		if err != nil {
			return err
		}
		add(connection, platform.Chats(), users)
	}
	if len(a.Connections) == 0 {
		add(&terminal.Terminal{
			In: a.env.In, Out: a.env.Out, Styled: IsTerminal(a.env.Out), Typed: IsTerminal(a.env.In), Answer: answer,
			Columns: func() int { return Columns(a.env.Out) },
			Picture: filepath.Join(filepath.Dir(a.Config.Database), "report.png"),
		}, []string{terminal.Chat}, []string{terminal.Chat})
	}
	return nil
}

// hasRemote reports whether a platform that is used is on another machine.
func (a *App) hasRemote() bool {
	return slices.ContainsFunc(Platforms(a.Config), func(p Platform) bool { return len(p.Chats()) > 0 && p.Remote() })
}

// onTerminal reports whether the terminal is the chat, because no platform is configured.
func (a *App) onTerminal() bool {
	_, ok := a.Connections[0].(*terminal.Terminal)
	return ok
}

// sender returns the connection that reaches the chat.
func (a *App) sender(chat store.Chat) msg.Sender {
	for _, connection := range a.Connections {
		if connection.Platform() == chat.Platform {
			return connection
		}
	}
	return nil // never: each chat came with a connection
}
