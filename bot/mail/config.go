package mail

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// Config is the section [mail] of the configuration.
type Config struct {
	// Password is read from PasswordFile.
	Password config.Secret `toml:"-"`
	// PasswordFile contains the password and nothing else, and must be readable by its owner only. Without one nobody
	// logs in, which only a server of this machine is likely to accept.
	PasswordFile string `toml:"password_file"`
	// Server takes the mail: host, host:port, smtp://host:port or smtps://host:port. See parseServer.
	Server string `toml:"server"`
	// User is who logs in; "" is the address in From.
	User string `toml:"user"`
	// From is the sender's address, with or without a name before it in angle brackets.
	From string `toml:"from"`
	// To are the addresses that get alerts and digests, each a mail of its own.
	To []string `toml:"to"`
}

// NewConfig returns the section with its defaults.
func NewConfig() *Config { return &Config{} }

// Name is the name of the section and of the platform.
func (c *Config) Name() string { return platform }

// Chats are the recipients.
func (c *Config) Chats() []string { return c.To }

// Unshared are the names that a report for others does not tell, beside those of the recipients.
func (c *Config) Unshared() (names []string) {
	if s, err := parseServer(c.Server); err == nil {
		names = append(names, s.host)
	}
	if from, err := parseFrom(c.From); err == nil {
		_, domain, _ := strings.Cut(from.Address, "@")
		names = append(names, from.Name, domain)
	}
	return append(names, c.User)
}

// Remote is false: what is asked is whose clock confirms ours, and a mail server does not tell the time.
func (c *Config) Remote() bool { return false }

// TokenForm is nil: a password may be anything.
func (c *Config) TokenForm() *regexp.Regexp { return nil }

// Validate checks the section, and reads the password.
func (c *Config) Validate(v *config.Validator) {
	for i, to := range c.To {
		key := fmt.Sprintf("to[%d]", i+1)
		if !isAddress(to) {
			v.Mistake(key, `expected a bare address, such as "admin@example.org"`)
		} else if slices.ContainsFunc(c.To[:i], func(earlier string) bool { return strings.EqualFold(earlier, to) }) {
			v.Mistake(key, "is there already")
		}
	}
	used := len(c.To) > 0
	s, err := parseServer(c.Server)
	switch {
	case err != nil && c.Server != "":
		v.Mistake("server", "%v", err)
	case c.Server == "" && used:
		v.Missing("server", "to", `is missing: the server that takes the mail, such as "mail.example.org:587"`)
	case used && c.PasswordFile == "" && !s.local():
		v.Missing("password_file", "server", "is missing: only a server on this machine takes mail without a login")
	}
	if _, err := parseFrom(c.From); err != nil && c.From != "" {
		v.Mistake("from", "%v", err)
	} else if c.From == "" && used {
		v.Missing("from", "to", "is missing: the sender's address, one that the server lets this account send as")
	}
	if strings.ContainsAny(c.User, "\x00\r\n") {
		v.Mistake("user", "holds a character that no name can have")
	}
	c.Password = v.SecretFile("password_file", c.PasswordFile)
	if strings.ContainsAny(c.Password.Reveal(), "\x00\r\n") {
		v.Mistake("password_file", "holds more than one line")
	}
}

// Connect returns the client. It does not use the network.
func (c *Config) Connect(b msg.Bot) (msg.Connection, error) {
	client, err := newClient(c, b)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return client, nil
}

// Advice says what to do about the server's refusals.
func (c *Config) Advice() msg.Advice {
	return msg.Advice{
		Token: "If the login is refused (535), look at user and password_file in [mail]; many providers want a password " +
			"that is made\nfor programs (“app password”). If the certificate is for another name, write that one into [mail] " +
			"server; if nobody signed it, let\nthis machine trust it (update-ca-certificates). Else let this machine reach " +
			"[mail] server: many networks block port 25, and few 587 or 465.",
		Chat: "If the server knows no such address, correct it in [mail] to.",
	}
}
