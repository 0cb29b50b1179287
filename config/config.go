// Package config is config.toml: its keys and their defaults, what is wrong with a file, and how a line is put into
// one. It does not know the chat platforms, each of which owns its section (see Section), nor what the values are used
// for.
package config

import (
	"time"
	_ "time/tzdata" // for machines without a database of time zones

	"friendlyfire/store"
)

// DefaultFile is read if no other file is named. It may be missing: then the built-in one takes its place.
const DefaultFile = "config.toml"

// BuiltIn is what messages call the default configuration.
const BuiltIn = "built-in " + DefaultFile

// Config is everything that an administrator can choose. The keys of config.toml are the names in the tags; newConfig
// has the defaults. Relative paths start at the working directory. Durations have a unit ("90s", "15m", "24h"). Chats
// and users are identified by numbers, with or without quotes.
type Config struct {
	// File is the name of the configuration for people: its path, or BuiltIn.
	File string `toml:"-"`

	// Friendly are the countries (ISO 3166-1 alpha-2) and networks of the server's own users: CIDRs, or numbers of
	// autonomous systems ("AS5432"). The key is required; with [] there are no alerts. An address is a network of one.
	Friendly store.Friends `toml:"friendly"`

	// FriendlyLogins is how long before a ban a login from its address makes it a friend's, an hour to a year; 0: none
	// does.
	FriendlyLogins Period `toml:"friendly_logins"`

	// Timezone is an IANA name, or "Local": the zone of digests and charts, and of lines that do not give theirs.
	Timezone *time.Location `toml:"timezone"`

	// Database is the file that holds all state.
	Database string `toml:"database"`

	// Sources are the [[source]] tables: at least one.
	Sources []Source `toml:"source"`

	// Logins are the [[logins]] tables.
	Logins []Logins `toml:"logins"`

	Enrich struct {
		// Table is an .mmdb file of countries, which takes the place of the built-in table; "" is the built-in one.
		Table string `toml:"table"`
		// SystemTable is an .mmdb file of networks by number, which takes the place of the built-in ones; "" is these.
		SystemTable string `toml:"as_table"`
		// Whois also asks the registries, which know more than the table.
		Whois bool `toml:"whois"`
		// WhoisServer is asked in place of the registries: host:port.
		WhoisServer string `toml:"whois_server"`
		// Patience is how long run --once waits for an answer from whois about a ban of no known friend: 0 to 10
		// minutes.
		Patience time.Duration `toml:"patience"`
	} `toml:"enrich"`

	Alerts struct {
		// MaxAge is the age at which a ban is history, which is summed up and not alerted: 1 minute to 30 days.
		MaxAge time.Duration `toml:"max_age"`
		// Quiet is when all but alerts waits, every day, in Timezone; nil ("") is never.
		Quiet *Hours `toml:"quiet"`
	} `toml:"alerts"`

	Digest struct {
		// At is when yesterday is summed up, in Timezone; nil ("") is never.
		At *TimeOfDay `toml:"at"`
	} `toml:"digest"`

	Report struct {
		// Theme of charts: "light", "dark", or "auto": dark in Discord, light elsewhere.
		Theme string `toml:"theme"`
	} `toml:"report"`

	Privacy struct {
		// KeepDays is for how many days addresses are kept, 1 to 36500. Of older bans only counts stay.
		KeepDays int `toml:"keep_days"`
		// Mask shows networks (/24, /48) in place of addresses in chats and charts.
		Mask bool `toml:"mask"`
	} `toml:"privacy"`

	Metrics struct {
		// Listen is the host:port of the Prometheus endpoint; "" opens none.
		Listen string `toml:"listen"`
	} `toml:"metrics"`

	// Act is who may have bans lifted and addresses trusted, and by which helper. Without a socket, nobody may.
	Act struct {
		// Socket is where the helper of this machine listens; "" is nowhere.
		Socket string `toml:"socket"`
		// Users may act; none: whoever may command.
		Users []string `toml:"users"`
		// TOTPFile holds the secret of the codes that confirm a trust, in base32, alone. Only its owner may read it.
		TOTPFile string `toml:"totp_file"`

		// TOTP is that secret, where the files are read; empty: no code is asked for.
		TOTP Secret `toml:"-"`
	} `toml:"act"`

	// Agent tells that this is the configuration of an agent: it names a fleet, and has no key friendly.
	Agent bool `toml:"-"`

	// Fleet is where an agent publishes what it reads and, with a Name, where two bots agree on who of them speaks.
	Fleet struct {
		// NATS are the servers: nats://a:4222,b:4222,c:4222; "": there is no fleet.
		NATS string `toml:"nats"`
		// Credentials is the file of a user (.creds) or of the seed of an nkey. Only its owner may read it.
		Credentials string `toml:"nats_credentials"`
		// CA is the file of the authority whose certificates the servers have; "": one that the system trusts.
		CA string `toml:"nats_ca"`
		// Name is what this one of two bots with one voice is called; "": this bot is the only one. Letters, digits, "-",
		// "_".
		Name string `toml:"name"`
		// Stream is that in which the two bots tell each other what was said.
		Stream string `toml:"stream"`
	} `toml:"fleet"`

	// Platforms are the sections of the chat platforms, such as [telegram]: those that Loader.Sections made.
	Platforms []Section `toml:"-"`
}

// Source is a file of bans, usually one per server.
type Source struct {
	// Name is shown in alerts and reports: 1 to 40 printable characters, unique.
	Name string `toml:"name"`
	// Path is a file on this machine. A source has either Path or SFTP.
	Path string `toml:"path"`
	// SFTP is a file on another machine, written as user@host:port/path; nil for a local one.
	SFTP *SFTPFile `toml:"sftp"`
	// KeyFile holds the private key that logs in, without a passphrase. Only its owner may read it.
	KeyFile string `toml:"key_file"`
	// KnownHosts is a file with the public key of the host, as ssh-keyscan writes it.
	KnownHosts string `toml:"known_hosts"`
	// Log is Fail2Ban's own log on the same machine where the source is a CSV file: what-if reads it, and nothing else
	// does; "": there is none, or the source is it.
	Log string `toml:"log"`
	// Format is "csv", "log" (fail2ban.log itself), or "auto" to tell by the content.
	Format string `toml:"format"`
	// Every is how often the file is looked at, 1 second to 24 hours. Changes of a local file are seen at once anyway.
	Every time.Duration `toml:"every"`
	// Timezone is that of dates without one. It is never nil: "" means the Timezone of the whole configuration.
	Timezone *time.Location `toml:"timezone"`
	// SilentAfter is how long the source may be silent before the chats are told, a minute to a year; 0: they never
	// are.
	SilentAfter time.Duration `toml:"silent_after"`
	// Act is who acts on the Fail2Ban of the source: ActLocal, ssh://user@host:port, or "" for nobody. In the file "" is
	// ActLocal for a file of this machine, if there is a helper, and "none" is nobody.
	Act string `toml:"act"`
	// ActKeyFile holds the private key for acting over SSH, which is no other's key. Only its owner may read it.
	ActKeyFile string `toml:"act_key_file"`

	// NATS are the servers that have the stream of a fleet, in place of a file: nats://a:4222,b:4222,c:4222.
	NATS string `toml:"nats"`
	// Stream is its name.
	Stream string `toml:"stream"`
	// NATSCredentials and NATSCA are as in Fleet.
	NATSCredentials string `toml:"nats_credentials"`
	NATSCA          string `toml:"nats_ca"`

	// ActAccount is the account of an Act over SSH; nil: it is none.
	ActAccount *SSHAccount `toml:"-"`
}

// SSHAccount is an account on another machine.
type SSHAccount struct {
	User    string
	Address string // host:port
}

// ActLocal is the helper of this machine.
const ActLocal = "local"

// Location returns where the file is, for people and for comparing; "" if the source does not say.
func (s *Source) Location() string {
	switch {
	case s.SFTP != nil:
		return s.SFTP.String()
	case s.IsStream():
		return "stream " + s.Stream + " of " + s.NATS
	}
	return s.Path
}

// SFTPFile is a file on another machine.
type SFTPFile struct {
	User    string
	Address string // host:port
	Path    string // absolute
}

// String returns user@host:port/path.
func (f SFTPFile) String() string { return f.User + "@" + f.Address + f.Path }

// TimeOfDay is a time on the clock, in no particular zone.
type TimeOfDay struct{ Hour, Minute int }

// SinceMidnight is how much later than midnight it is, on a clock that is not changed in between.
func (t TimeOfDay) SinceMidnight() time.Duration {
	return time.Duration(t.Hour)*time.Hour + time.Duration(t.Minute)*time.Minute
}

// Hours are a part of every day, on the clock, in no particular zone. They may end on the next day.
type Hours struct{ From, To TimeOfDay }

func newConfig() *Config {
	c := &Config{Timezone: time.Local, Database: "friendlyfire.db"}
	c.Enrich.Whois = true
	c.Enrich.Patience = 10 * time.Second
	c.Alerts.MaxAge = time.Hour
	c.Digest.At = &TimeOfDay{Hour: 8}
	c.Report.Theme = "auto"
	c.Privacy.KeepDays = 365
	c.Fleet.Stream = "VOICE"
	return c
}

// NewSource returns a source with the defaults.
func NewSource() Source {
	return Source{Format: "auto", Every: 15 * time.Second, SilentAfter: 24 * time.Hour}
}
