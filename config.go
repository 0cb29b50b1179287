package main

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"time"
	_ "time/tzdata" // zones are known on machines without a zone database

	"friendlyfire/store"
)

// DefaultConfigFile is read when no other file is named. It may be missing: DefaultConfig takes its place.
const DefaultConfigFile = "config.toml"

// builtInConfig is what messages call the default configuration.
const builtInConfig = "built-in " + DefaultConfigFile

// Config is everything an administrator can choose. Its fields are the keys of config.toml, under the names in the
// tags, and newConfig has the defaults. Relative paths start at the working directory. Durations are written with a
// unit ("90s", "15m", "24h"). Identifiers of chats and users are numbers, with or without quotes.
type Config struct {
	// File is where the configuration was read from, for people.
	File string `toml:"-"`

	// Friendly are the countries (ISO 3166-1 alpha-2) and networks whose people are the server's own users.
	// Required; [] alerts of nobody. An address stands for a network of its own.
	Friendly store.Friends `toml:"friendly"`

	// Timezone is an IANA name, or "Local": the zone of digests, charts, and of rows that do not say their own.
	Timezone *time.Location `toml:"timezone"`

	// Database is the file that keeps all state.
	Database string `toml:"database"`

	// Sources are the [[source]] tables: at least one.
	Sources []SourceConfig `toml:"source"`

	Enrich struct {
		// Table is an .mmdb file that takes the place of the built-in one; "" is the built-in one.
		Table string `toml:"table"`
		// Whois also asks the registries, which know more than the table.
		Whois bool `toml:"whois"`
		// WhoisServer is asked in place of the registries: host:port.
		WhoisServer string `toml:"whois_server"`
		// Patience is how long a new ban waits for whois before the table alone decides: 0 to 10 minutes.
		Patience time.Duration `toml:"patience"`
	} `toml:"enrich"`

	Alerts struct {
		// MaxAge is the age from which a ban is history, summarised and never alerted alone: 1 minute to 30 days.
		MaxAge time.Duration `toml:"max_age"`
	} `toml:"alerts"`

	Digest struct {
		// At is when yesterday is summed up, in Timezone; nil ("") is never.
		At *TimeOfDay `toml:"at"`
	} `toml:"digest"`

	Report struct {
		// Theme of charts: "light" or "dark".
		Theme string `toml:"theme"`
	} `toml:"report"`

	Privacy struct {
		// KeepDays is how long an address is kept, in days: 1 to 36500. Then rows become counts.
		KeepDays int `toml:"keep_days"`
		// Mask shows networks (/24, /48) for addresses in chats and charts.
		Mask bool `toml:"mask"`
	} `toml:"privacy"`

	Metrics struct {
		// Listen is the host:port of the Prometheus endpoint; "" opens none.
		Listen string `toml:"listen"`
	} `toml:"metrics"`

	Telegram struct {
		// Token is what TokenFile holds, or else FRIENDLYFIRE_TELEGRAM_TOKEN in the environment. Both is a mistake.
		Token Secret `toml:"-"`
		// TokenFile holds the token and nothing else, and only its owner may read it.
		TokenFile string `toml:"token_file"`
		// Chats get alerts and digests, and are where commands are heard: "-1001234567890", or
		// "-1001234567890/45" for a topic.
		Chats []string `toml:"chats"`
		// Users may command. Nobody else is answered.
		Users []string `toml:"users"`
		// API is the Bot API server: https, or http on this machine. No slash at its end.
		API string `toml:"api"`
	} `toml:"telegram"`

	Discord struct {
		// Token is what TokenFile holds, or else FRIENDLYFIRE_DISCORD_TOKEN in the environment. Both is a mistake.
		Token Secret `toml:"-"`
		// TokenFile holds the token and nothing else, and only its owner may read it.
		TokenFile string `toml:"token_file"`
		// Channels get alerts and digests, and are where commands are heard.
		Channels []string `toml:"channels"`
		// Users may command. Nobody else is answered.
		Users []string `toml:"users"`
		// Guild is the server where the slash commands are registered.
		Guild string `toml:"guild"`
		// API is Discord or a proxy in front of it: https, or http on this machine. No slash at its end.
		API string `toml:"api"`
	} `toml:"discord"`
}

// SourceConfig is a file of bans, usually one per server.
type SourceConfig struct {
	// Name stands in alerts and reports: 1 to 40 printable characters, its own for each source.
	Name string `toml:"name"`
	// Path is a file of this machine. A source has either Path or SFTP.
	Path string `toml:"path"`
	// SFTP is a file of another machine, as user@host:port/path; nil for a local one.
	SFTP *SFTPFile `toml:"sftp"`
	// KeyFile is the private key that logs in, without a passphrase. Only its owner may read it.
	KeyFile string `toml:"key_file"`
	// KnownHosts is a file with the host's public key, as ssh-keyscan writes it.
	KnownHosts string `toml:"known_hosts"`
	// Format is "csv", "log" (fail2ban.log itself), or "auto" to tell by the content.
	Format string `toml:"format"`
	// Every is how often the file is looked at, 1 second to 24 hours. A change of a local file is seen at once.
	Every time.Duration `toml:"every"`
	// Timezone of dates that do not say theirs. Never nil: "" is the Timezone of the whole configuration.
	Timezone *time.Location `toml:"timezone"`
	// SilentAfter is how long the source may bring nothing before that is told, a minute to a year; 0 never tells.
	SilentAfter time.Duration `toml:"silent_after"`
}

// SFTPFile is a file of another machine.
type SFTPFile struct {
	User    string
	Address string // host:port
	Path    string // from the root
}

func (f SFTPFile) String() string { return f.User + "@" + f.Address + f.Path }

// TimeOfDay is a time on the clock, in no zone yet.
type TimeOfDay struct{ Hour, Minute int }

// Terminal reports that no platform is configured, so that the terminal is the chat.
func (c *Config) Terminal() bool { return len(c.Telegram.Chats) == 0 && len(c.Discord.Channels) == 0 }

func newConfig() *Config {
	c := &Config{Timezone: time.Local, Database: "friendlyfire.db"}
	c.Enrich.Whois = true
	c.Enrich.Patience = 10 * time.Second
	c.Alerts.MaxAge = time.Hour
	c.Digest.At = &TimeOfDay{Hour: 8}
	c.Report.Theme = "light"
	c.Privacy.KeepDays = 365
	c.Telegram.API = "https://api.telegram.org"
	c.Discord.API = "https://discord.com"
	return c
}

func newSourceConfig() SourceConfig {
	return SourceConfig{Format: "auto", Every: 15 * time.Second, SilentAfter: 24 * time.Hour}
}

// Load reads the configuration for the bot itself: the keys, the tokens, and whether every file named can be read.
// A path of "" is DefaultConfigFile. The error is a *ConfigError with all mistakes.
func Load(env Env) (*Config, error) { return load(env, purpose{files: true, chats: true}) }

// LoadToPair is Load for a bot that may not have a chat yet.
func LoadToPair(env Env) (*Config, error) { return load(env, purpose{files: true}) }

// LoadOffline is Load for commands that only ask the database: it opens no file that the configuration names, so
// that they work for users who may not read a token. The Token fields stay empty.
func LoadOffline(env Env) (*Config, error) { return load(env, purpose{}) }

// purpose is what a configuration must be good for, beside being right in itself.
type purpose struct {
	files bool // the files it names, and the tokens, are needed
	chats bool // a platform with a token must have chats
}

func load(env Env, need purpose) (*Config, error) {
	path := env.File
	if path == "" {
		path = DefaultConfigFile
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path == DefaultConfigFile:
		return parseConfig(builtInConfig, env.Defaults, need)
	case err != nil:
		return nil, &ConfigError{Mistakes: []Mistake{{File: path, Text: reason(err)}}}
	}
	return parseConfig(path, data, need)
}

// parseConfig is load without the reading; file is the name in messages.
func parseConfig(file string, data []byte, need purpose) (*Config, error) {
	r := newConfigReader(file)
	c := newConfig()
	c.File = file
	if root := r.parse(data); root != nil {
		r.section(root, reflect.ValueOf(c).Elem())
		r.check(c, need)
	}
	if len(r.mistakes) > 0 {
		return nil, r.err()
	}
	return c, nil
}

// reason is why a file cannot be used, without its path: a path may be a secret put in the wrong place.
func reason(err error) string {
	e, ok := errors.AsType[*fs.PathError](err)
	switch {
	case !ok:
		return err.Error()
	case errors.Is(err, fs.ErrPermission):
		return "cannot be read: " + e.Err.Error() + " to user " + userName(os.Geteuid())
	}
	return "cannot be read: " + e.Err.Error()
}
