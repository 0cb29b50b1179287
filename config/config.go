// Package config is config.toml: its keys with their defaults, what is wrong with a file, and how a line is put into one.
// It does not know the chat platforms: each owns its section, and hands it over to be read.
package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"time"
	_ "time/tzdata" // zones are known on machines without a zone database

	"friendlyfire/store"
)

// DefaultFile is read when no other file is named. It may be missing: the built-in one takes its place.
const DefaultFile = "config.toml"

// BuiltIn is what messages call the default configuration.
const BuiltIn = "built-in " + DefaultFile

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
	Sources []Source `toml:"source"`

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

	// Platforms are the sections of the chat platforms, those that the Loader was given: [telegram], [discord].
	Platforms []Section `toml:"-"`
}

// Source is a file of bans, usually one per server.
type Source struct {
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

func newConfig() *Config {
	c := &Config{Timezone: time.Local, Database: "friendlyfire.db"}
	c.Enrich.Whois = true
	c.Enrich.Patience = 10 * time.Second
	c.Alerts.MaxAge = time.Hour
	c.Digest.At = &TimeOfDay{Hour: 8}
	c.Report.Theme = "light"
	c.Privacy.KeepDays = 365
	return c
}

// NewSource is a source with the defaults.
func NewSource() Source {
	return Source{Format: "auto", Every: 15 * time.Second, SilentAfter: 24 * time.Hour}
}

// Loader reads a configuration, and writes into it.
type Loader struct {
	// File is where it is read from; "" is DefaultFile.
	File string
	// Defaults take the place of DefaultFile where that is missing.
	Defaults []byte
	// Sections makes the sections of the chat platforms, with their defaults, anew at each call.
	Sections func() []Section
}

// Purpose is what a configuration must be good for, beside being right in itself.
type Purpose int

const (
	// ToAsk is for commands that only ask the database: no file that the configuration names is opened, so that they work
	// for users who may not read a token. Tokens stay empty.
	ToAsk Purpose = iota
	// ToPair needs the tokens and the files named, for a bot that may not have a chat yet.
	ToPair
	// ToRun is for the bot itself: a platform with a token must have chats, too.
	ToRun
)

// Load reads the configuration. Its error is an *Error with all mistakes.
func (l Loader) Load(purpose Purpose) (*Config, error) {
	path := cmp.Or(l.File, DefaultFile)
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path == DefaultFile:
		return l.parse(BuiltIn, l.Defaults, purpose)
	case err != nil:
		return nil, &Error{Mistakes: []Mistake{{File: path, Text: reason(err)}}}
	}
	return l.parse(path, data, purpose)
}

// parse is Load without the reading; file is the name in messages.
func (l Loader) parse(file string, data []byte, purpose Purpose) (*Config, error) {
	c := newConfig()
	c.File = file
	if l.Sections != nil {
		c.Platforms = l.Sections()
	}
	r := newReader(file, c.Platforms)
	if root := r.parse(data); root != nil {
		r.section(root, reflect.ValueOf(c).Elem())
		r.validate(c, purpose)
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
		return "cannot be read: " + e.Err.Error() + " to user " + store.UserName(os.Geteuid())
	}
	return "cannot be read: " + e.Err.Error()
}
