package ntfy

import (
	"fmt"
	"net/url"
	"regexp"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// Config is the section [ntfy] of the configuration.
type Config struct {
	// Token is read from TokenFile, or from FRIENDLYFIRE_NTFY_TOKEN in the environment. A server where everybody may
	// publish needs none.
	Token config.Secret `toml:"-"`
	// TokenFile contains the token and nothing else, and must be readable by its owner only.
	TokenFile string `toml:"token_file"`
	// Server is the base URL of the ntfy server: https, or http on this machine. No trailing slash.
	Server string `toml:"server"`
	// Topics get alerts and digests. On a server where everybody may subscribe, each is a password.
	Topics []string `toml:"topics"`
}

// NewConfig returns the section with its defaults.
func NewConfig() *Config { return &Config{Server: "https://ntfy.sh"} }

// Name is the name of the section and of the platform.
func (c *Config) Name() string { return platform }

// Chats are the aliases of the topics.
func (c *Config) Chats() (aliases []string) {
	for _, topic := range c.Topics {
		aliases = append(aliases, config.Alias(platform, c.Server+"/"+topic))
	}
	return aliases
}

// Unshared is the host of a server of one's own, which a report for others does not tell.
func (c *Config) Unshared() []string {
	if u, err := url.Parse(c.Server); err == nil && c.Server != dailyServer {
		return []string{u.Host, u.Hostname()}
	}
	return nil
}

// Remote reports whether the server is on another machine.
func (c *Config) Remote() bool { return config.IsRemote(c.Server) }

// tokenForm is that of an access token: https://docs.ntfy.sh/publish/#access-tokens
var tokenForm = regexp.MustCompile(`\btk_[a-z0-9]{29}\b`)

// TokenForm matches a token in any text.
func (c *Config) TokenForm() *regexp.Regexp { return tokenForm }

// topicForm is what the server takes for a topic: https://docs.ntfy.sh/publish/#public-topics
var topicForm = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// Validate checks the section, and reads the token.
func (c *Config) Validate(v *config.Validator) {
	v.API("server", &c.Server)
	for i, topic := range c.Topics {
		if !topicForm.MatchString(topic) {
			v.Mistake(fmt.Sprintf("topics[%d]", i+1),
				"expected the name of a topic: up to 64 letters, digits, hyphens and underscores")
		}
	}
	c.Token = v.Token(config.Account{
		Platform: "ntfy", TokenForm: tokenForm, TokenFile: c.TokenFile,
		ChatsKey: "topics", HasChats: len(c.Topics) > 0, Optional: true,
	})
}

// Connect returns the client. It does not use the network.
func (c *Config) Connect(b msg.Bot) (msg.Connection, error) {
	chats, topics := c.Chats(), map[string]string{}
	for i, alias := range chats {
		if topics[alias] != "" {
			return nil, fmt.Errorf("ntfy: topics %d and another go by the same alias; rename it", i+1)
		}
		topics[alias] = c.Topics[i]
	}
	return newClient(c.Server, c.Token.Reveal(), chats, topics, b), nil
}

// Advice says what to do about the server's refusals.
func (c *Config) Advice() msg.Advice {
	return msg.Advice{
		Token: "If the token is refused (401), make a new one: ntfy token add USER, or Account in the web app.\n" +
			"Else let this machine reach [ntfy] server.",
		Chat: "If the topic is refused (403), let the token's user publish to it: ntfy access USER TOPIC write-only\n" +
			"Else let this machine reach [ntfy] server.",
	}
}
