package discord

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// Config is the section [discord] of the configuration.
type Config struct {
	// Token is read from TokenFile, or from FRIENDLYFIRE_DISCORD_TOKEN in the environment. Setting both is a mistake.
	Token config.Secret `toml:"-"`
	// TokenFile contains the token and nothing else, and must be readable by its owner only.
	TokenFile string `toml:"token_file"`
	// Channels get alerts and digests, and are where commands are answered.
	Channels []string `toml:"channels"`
	// UserIDs are the users whose commands are answered. Nobody else gets an answer.
	UserIDs []string `toml:"users"`
	// Guild is the server where the slash commands are registered.
	Guild string `toml:"guild"`
	// API is the base URL of Discord, or of a proxy in front of it: https, or http on this machine. No trailing slash.
	API string `toml:"api"`
}

// NewConfig returns the section with its defaults.
func NewConfig() *Config { return &Config{API: API} }

// Name is the name of the section and of the platform.
func (c *Config) Name() string { return platform }

// Chats are the channels that get alerts, and where commands are answered.
func (c *Config) Chats() []string { return c.Channels }

// Users are the users whose commands are answered.
func (c *Config) Users() []string { return c.UserIDs }

// Remote reports whether the API is on another machine.
func (c *Config) Remote() bool { return config.IsRemote(c.API) }

// HasToken reports whether there is a token.
func (c *Config) HasToken() bool { return !c.Token.Empty() }

// tokenForm is three parts in URL-safe base64: the bot's id, a time, a signature.
var tokenForm = regexp.MustCompile(`[A-Za-z0-9_-]{18,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{20,}`)

// TokenForm matches a token in any text.
func (c *Config) TokenForm() *regexp.Regexp { return tokenForm }

// Validate checks the section, and reads the token.
func (c *Config) Validate(v *config.Validator) {
	v.API("api", &c.API)
	for i, channel := range c.Channels {
		validateID(v, fmt.Sprintf("channels[%d]", i+1), channel, "channel")
	}
	for i, user := range c.UserIDs {
		validateID(v, fmt.Sprintf("users[%d]", i+1), user, "user")
	}
	if c.Guild != "" {
		validateID(v, "guild", c.Guild, "server")
	} else if len(c.UserIDs) > 0 {
		v.Missing("guild", "users", "is missing: the slash commands of discord.users are registered in a server")
	}
	c.Token = v.Token(config.Account{
		Platform: "Discord", TokenForm: tokenForm, TokenFile: c.TokenFile,
		ChatsKey: "channels", HasChats: len(c.Channels) > 0, HasUsers: len(c.UserIDs) > 0,
	})
}

// validateID checks an id of Discord, a snowflake: 17 to 20 digits, like every one since 2015.
func validateID(v *config.Validator, key, id, what string) {
	if _, err := strconv.ParseUint(id, 10, 64); err != nil || len(id) < 17 {
		v.Mistake(key, `expected the id of a %s, such as "112233445566778899" (Developer Mode, Copy ID)`, what)
	}
}

// Connect returns the client. It does not use the network.
func (c *Config) Connect(b msg.Bot) (msg.Connection, error) {
	client, err := New(c.Token.Reveal(), c.API, b.Dial)
	if err != nil {
		return nil, err
	}
	client.Bot, client.Guild = b, c.Guild
	return client, nil
}

// Advice says what to do about Discord's refusals.
func (c *Config) Advice() msg.Advice {
	return msg.Advice{
		Token: "If the token is refused (401), get a new one at https://discord.com/developers/applications: " +
			"Bot, Reset Token.\nElse let this machine reach [discord] api.",
		Chat: "Invite the bot to the server, and give it View Channel, Send Messages and Attach Files " +
			"in the channel.\nIf the id is wrong, the right one is found by: friendlyfire pair discord",
	}
}

// NewToken says how to get a token.
func (c *Config) NewToken() string {
	return "Make an application at https://discord.com/developers/applications and press Bot, Reset Token to get one"
}

// PairsWithStore is true: the store counts how often the bot identifies.
func (c *Config) PairsWithStore() bool { return true }

// Invite says how to send the code.
func (c *Config) Invite(self msg.Self, code string) string {
	link := "https://discord.com/oauth2/authorize?client_id=" + self.App +
		"&scope=bot+applications.commands&permissions=35840"
	send := fmt.Sprintf("  write in the channel:  @%s %s\n"+
		"  Choose the bot from the names that Discord proposes, not a role of the same name.\n", self.Name, code)
	if self.Alone {
		return "  The bot is in no server yet. Invite it first:\n  " + link + "\n\n" + send
	}
	return send + "\n  The bot is invited to a server, or given its permissions there, by\n  " + link + "\n"
}

// Entries are what to add to the section for the channel and the user that a code came from.
func (c *Config) Entries(a msg.PairAttempt) ([]config.Entry, error) {
	if c.Guild != "" && c.Guild != a.Guild {
		return nil, fmt.Errorf("the code came from %s, which is in server %s, and discord.guild is %s: "+
			"commands are heard in one server only. Send the code in a channel of that server, "+
			"or empty discord.guild first", a, a.Guild, c.Guild)
	}
	return []config.Entry{
		{Section: platform, Key: "channels", ID: a.Chat},
		{Section: platform, Key: "users", ID: a.User},
		{Section: platform, Key: "guild", ID: a.Guild, Only: true},
	}, nil
}

// ExplainPairing says what to do about an error of Pair.
func (c *Config) ExplainPairing(err error) error {
	if _, ok := errors.AsType[*BudgetError](err); ok {
		return err
	}
	return fmt.Errorf("%w\n%s", msg.Cause(err), c.Advice().Token)
}
