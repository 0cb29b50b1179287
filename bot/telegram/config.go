package telegram

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// Config is the section [telegram] of the configuration.
type Config struct {
	// Token is read from TokenFile, or from FRIENDLYFIRE_TELEGRAM_TOKEN in the environment. Setting both is a mistake.
	Token config.Secret `toml:"-"`
	// TokenFile contains the token and nothing else, and must be readable by its owner only.
	TokenFile string `toml:"token_file"`
	// ChatIDs are the chats that get alerts and digests, and where commands are answered: "-1001234567890", or
	// "-1001234567890/45" for a topic.
	ChatIDs []string `toml:"chats"`
	// UserIDs are the users whose commands are answered. Nobody else gets an answer.
	UserIDs []string `toml:"users"`
	// API is the base URL of the Bot API server: https, or http on this machine. No trailing slash.
	API string `toml:"api"`
}

// NewConfig returns the section with its defaults.
func NewConfig() *Config { return &Config{API: API} }

// Name is the name of the section and of the platform.
func (c *Config) Name() string { return platform }

// Chats are the chats that get alerts, and where commands are answered.
func (c *Config) Chats() []string { return c.ChatIDs }

// Users are the users whose commands are answered.
func (c *Config) Users() []string { return c.UserIDs }

// Remote reports whether the API is on another machine.
func (c *Config) Remote() bool { return config.IsRemote(c.API) }

// HasToken reports whether there is a token.
func (c *Config) HasToken() bool { return !c.Token.Empty() }

// tokenForm is the form that Telegram documents: https://core.telegram.org/bots/api#authorizing-your-bot
var tokenForm = regexp.MustCompile(`[0-9]+:[A-Za-z0-9_-]{20,}`)

// TokenForm matches a token in any text.
func (c *Config) TokenForm() *regexp.Regexp { return tokenForm }

// sharedAccounts are Telegram's stand-ins for anonymous administrators, for channels, and for Telegram itself.
var sharedAccounts = map[int64]bool{1087968824: true, 136817688: true, 777000: true}

// Validate checks the section, and reads the token.
func (c *Config) Validate(v *config.Validator) {
	v.API("api", &c.API)
	for i, chat := range c.ChatIDs {
		if !isChat(chat) {
			v.Mistake(fmt.Sprintf("chats[%d]", i+1),
				`expected the number of a chat, such as -1001234567890, or "-1001234567890/45" for a topic`)
		}
	}
	for i, user := range c.UserIDs {
		key := fmt.Sprintf("users[%d]", i+1)
		if id, err := strconv.ParseInt(user, 10, 64); err != nil || id <= 0 {
			v.Mistake(key, "expected the number of a user, such as 123456789; @names can change hands")
		} else if sharedAccounts[id] {
			v.Mistake(key, "is an account of Telegram itself that many people speak through, and no user")
		}
	}
	c.Token = v.Token(config.Account{
		Platform: "Telegram", TokenForm: tokenForm, TokenFile: c.TokenFile,
		ChatsKey: "chats", HasChats: len(c.ChatIDs) > 0, HasUsers: len(c.UserIDs) > 0,
	})
}

// isChat reports whether s names a chat, or a topic of one.
func isChat(s string) bool {
	_, err := parseChat(s)
	return err == nil
}

// Connect returns the client. It does not use the network.
func (c *Config) Connect(b msg.Bot) (msg.Connection, error) {
	var client *http.Client
	if b.Dial != nil {
		client = &http.Client{Transport: &http.Transport{
			DialContext: b.Dial, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 20 * time.Second,
		}}
	}
	t, err := New(c.Token.Reveal(), c.API, client)
	if err != nil {
		return nil, err
	}
	t.Bot = b
	return t, nil
}

// Advice says what to do about Telegram's refusals.
func (c *Config) Advice() msg.Advice {
	return msg.Advice{
		Token: "If the token is refused (401), ask @BotFather for a new one: /token. " +
			"Else let this machine reach [telegram] api.",
		Chat: "Invite the bot to the chat, as an administrator if it is a channel, " +
			"and let it send messages and photos.\n" +
			"If the number is wrong, the right one is found by: friendlyfire pair telegram",
	}
}

// NewToken says how to get a token.
func (c *Config) NewToken() string { return "Send /newbot to @BotFather in Telegram to get one" }

// PairsWithStore is false: pairing stores nothing.
func (c *Config) PairsWithStore() bool { return false }

// Invite says how to send the code.
func (c *Config) Invite(self msg.Self, code string) string {
	return fmt.Sprintf(`  to you alone:  open https://t.me/%[1]s?start=%[2]s and press Start
  to a group:    open https://t.me/%[1]s?startgroup=%[2]s and choose the group
  to a group or topic that the bot is in:  write there  /pair@%[1]s %[2]s
`, self.Name, code)
}

// Entries are what to add to the section for the chat and the user that a code came from.
func (c *Config) Entries(a msg.PairAttempt) ([]config.Entry, error) {
	return []config.Entry{
		{Section: platform, Key: "chats", ID: a.Chat, Bare: true},
		{Section: platform, Key: "users", ID: a.User, Bare: true},
	}, nil
}

// ExplainPairing says what to do about an error of Pair.
func (c *Config) ExplainPairing(err error) error {
	e, ok := errors.AsType[*ConflictError](err)
	switch {
	case !ok:
		return fmt.Errorf("%w\n%s", msg.Cause(err), c.Advice().Token)
	case e.Webhook:
		return fmt.Errorf("%w. Remove it: open https://api.telegram.org/bot…/deleteWebhook "+
			"with the token in place of “…”", err)
	}
	return fmt.Errorf("%w: a bot is running. %s. If none of yours is, somebody has the token: /revoke it at @BotFather",
		err, msg.StopFirst)
}
