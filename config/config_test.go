package config_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"friendlyfire/app"
	"friendlyfire/bot/telegram"
	"friendlyfire/config"
	"friendlyfire/store"
)

const (
	telegramCanary = "123456789:AAcanaryCANARYcanaryCANARYcanaryCA"
	discordCanary  = "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.Gcanar.canaryCANARYcanaryCANARYcanaryCA"

	// goodConfig is the shortest configuration without a mistake: four lines.
	goodConfig = "friendly = [\"BE\"]\n[[source]]\nname = \"web1\"\npath = \"bans.csv\"\n"
)

// above puts text before a good configuration.
func above(text string) string { return text + "\n" + goodConfig }

// below puts text after a good configuration, from line 5.
func below(text string) string { return goodConfig + text }

// writeFile writes text into a new file and returns its path.
func writeFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// shipped is the configuration that is built into the program.
var shipped = func() []byte {
	data, err := os.ReadFile("../config.toml")
	if err != nil {
		panic(err)
	}
	return data
}()

// sections are those of all platforms that the program has.
func sections() []config.Section { return app.Env{}.Config().Sections() }

var loader = config.Loader{Defaults: shipped, Sections: sections}

// mistakes reads a configuration and returns its mistakes, a line each; "" if there are none.
func mistakes(t *testing.T, text string, purpose config.Purpose) string {
	t.Helper()
	c, err := loader.Parse("config.toml", []byte(text), purpose)
	if (c == nil) == (err == nil) {
		t.Fatalf("got %v and %v, want one of them", c, err)
	}
	if err == nil {
		return ""
	}
	if _, ok := errors.AsType[*config.Error](err); !ok {
		t.Fatalf("got a %T, want a *config.Error", err)
	}
	return err.Error()
}

func noTokens(t *testing.T) {
	t.Helper()
	t.Setenv("FRIENDLYFIRE_TELEGRAM_TOKEN", "")
	t.Setenv("FRIENDLYFIRE_DISCORD_TOKEN", "")
}

func TestEveryMistakeIsNamed(t *testing.T) {
	noTokens(t)
	const (
		noSecrets = "a secret never stands in this file: put it alone into a file that only its owner can read, " +
			"and name that file in token_file or key_file"
		needsTelegramToken = "needs a token: name its file in telegram.token_file, " +
			"or set FRIENDLYFIRE_TELEGRAM_TOKEN in the environment"
		needsDiscordToken = "needs a token: name its file in discord.token_file, " +
			"or set FRIENDLYFIRE_DISCORD_TOKEN in the environment"
		noChats = "is missing: there is a token and nowhere to post; " +
			"`friendlyfire pair telegram` finds the number of a chat"
		noChat    = `expected the number of a chat, such as -1001234567890, or "-1001234567890/45" for a topic`
		noFriend  = `is no country's ISO code, such as "BE", and no network, such as "203.0.113.0/24" or "AS5432"`
		noPlace   = `expected one of path and sftp: a file here, or "user@host:22/path/to/file"`
		noUser    = "expected the number of a user, such as 123456789; @names can change hands"
		snowflake = `such as "112233445566778899" (Developer Mode, Copy ID)`
		noAddress = "expected host:port, such as 127.0.0.1:9109 or [::1]:9109"
	)
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		// The form of the file.
		"no value": {
			above("timezone ="),
			[]string{`config.toml:1: is no TOML: unexpected character U+000A at start of value; text stands in quotes`},
		},
		"no closing quote": {
			above(`database = "x.db`),
			[]string{`config.toml:1: is no TOML: basic strings cannot have new lines`},
		},
		"no closing bracket": {
			below("[telegram]\nchats = [1\nusers = [2]"),
			[]string{`config.toml:7: is no TOML: expected ',' or ']' after array value`},
		},
		"bare word": {
			above("timezone = Local"),
			[]string{"config.toml:1: is no TOML: " +
				`unexpected character U+004C 'L' at start of value; text stands in quotes`},
		},
		"bare duration": {
			below("[alerts]\nmax_age = 1h"),
			[]string{`config.toml:6: is no TOML: strings must be quoted`},
		},
		"bad escape": {
			above(`database = "C:\data"`),
			[]string{`config.toml:1: is no TOML: invalid escape character U+0064 'd'`},
		},
		"key twice": {
			above("database = \"a\"\ndatabase = \"b\""),
			[]string{`config.toml:2: database: is already on line 1`},
		},
		"section twice": {below("[report]\ntheme = \"dark\"\n[report]\nthem = \"light\""), []string{
			`config.toml:7: report: is already on line 5`,
			`config.toml:8: report.them: is no key of friendlyfire; did you mean "theme"?`,
		}},
		"section and value": {
			"friendly = []\ndigest = 8\n[digest]\nat = \"08:00\"\n[[source]]\nname = \"a\"\npath = \"b\"",
			[]string{`config.toml:3: digest: is already on line 2`},
		},
		"section in a value": {
			"friendly = []\ndigest.at = \"\"\n[digest.at]\n[[source]]\nname = \"a\"\npath = \"b\"",
			[]string{`config.toml:3: digest.at: is already on line 2`},
		},
		"list after section": {
			"friendly = []\n[source]\nname = \"a\"\n[[source]]\nname = \"b\"",
			[]string{`config.toml:4: source: is already on line 2, in another form`},
		},
		"source in one pair": {
			"friendly = []\n[source]\nname = \"a\"\npath = \"b\"",
			[]string{`config.toml:2: source: needs two brackets, [[source]]: there may be several`},
		},
		"sources in one line": {"friendly = []\nsource = [{ name = \"a\", path = \"b\", evry = \"1s\" }, 7]", []string{
			`config.toml:2: source[1].evry: is no key of friendlyfire; did you mean "every"?`,
			`config.toml:2: source[2]: expected a section, found a number`,
		}},

		// Unknown keys.
		"misspelt": {
			above(`timezon = "Local"`),
			[]string{`config.toml:1: timezon: is no key of friendlyfire; did you mean "timezone"?`},
		},
		"wrong case": {
			above(`Timezone = "Local"`),
			[]string{`config.toml:1: Timezone: is no key of friendlyfire; did you mean "timezone"?`},
		},
		"misspelt in a source": {
			below(`evry = "5s"`),
			[]string{`config.toml:5: source[1].evry: is no key of friendlyfire; did you mean "every"?`},
		},
		"misspelt section": {
			below("[telegrams]\nchats = [-100]"),
			[]string{`config.toml:5: telegrams: is no key of friendlyfire; did you mean "telegram"?`},
		},
		"other section": {
			below("[digest]\nmax_age = \"1h\""),
			[]string{`config.toml:6: digest.max_age: is no key of friendlyfire; "max_age" stands in [alerts]`},
		},
		"below a section": {
			below("[telegram]\ndatabase = \"x.db\""),
			[]string{"config.toml:6: telegram.database: is no key of friendlyfire; " +
				`"database" stands above all sections`},
		},
		"unheard of": {
			below("[report]\nfont = \"Comic Sans\""),
			[]string{`config.toml:6: report.font: is no key of friendlyfire`},
		},
		"control characters": {
			above(`"\u001b[31m\u202e" = 1`),
			[]string{`config.toml:1: [31m: is no key of friendlyfire`},
		},
		"dotted": {
			above("report.colour.friendly = \"green\""),
			[]string{`config.toml:1: report.colour: is no key of friendlyfire`},
		},

		// Types.
		"text for a number": {
			below("[privacy]\nkeep_days = \"365\""),
			[]string{`config.toml:6: privacy.keep_days: expected a number, found text in quotes`},
		},
		"fraction for number": {
			below("[privacy]\nkeep_days = 0.5"),
			[]string{`config.toml:6: privacy.keep_days: expected a number, found a fraction`},
		},
		"huge number": {
			below("[privacy]\nkeep_days = 99999999999"),
			[]string{`config.toml:6: privacy.keep_days: is too large`},
		},
		"text for yes or no": {
			below("[enrich]\nwhois = \"yes\""),
			[]string{`config.toml:6: enrich.whois: expected true or false, found text in quotes`},
		},
		"number for text": {
			above("database = 3"),
			[]string{`config.toml:1: database: expected text in quotes, found a number`},
		},
		"number for duration": {
			below("every = 15"),
			[]string{`config.toml:5: source[1].every: expected a duration in quotes, such as "15m", found a number`},
		},
		"bare time of day": {
			below("[digest]\nat = 08:00"),
			[]string{`config.toml:6: digest.at: expected a time in quotes, such as "08:00", found a bare time`},
		},
		"text for a list": {
			"friendly = \"BE\"\n[[source]]\nname = \"a\"\npath = \"b\"",
			[]string{`config.toml:1: friendly: expected a list, found text in quotes`},
		},
		"text for chats": {
			below("[telegram]\nchats = \"-100\""),
			[]string{`config.toml:6: telegram.chats: expected a list, found text in quotes`},
		},
		"value for a section": {
			above("enrich = true"),
			[]string{`config.toml:1: enrich: expected a section, found true or false`},
		},

		// Values.
		"friends": {
			"friendly = [\n  \"BE\", # home\n  \"be\",\n  \"Belgium\",\n  3,\n  \"EU\",\n  \"203.0.113.9/24\",\n  \"Belgum\",\n]\n" +
				"[[source]]\nname = \"a\"\npath = \"b\"",
			[]string{
				`config.toml:3: friendly[2]: is listed twice`,
				`config.toml:4: friendly[3]: "Belgium" has the ISO code "BE": write that`,
				`config.toml:5: friendly[4]: expected text in quotes, found a number`,
				`config.toml:6: friendly[5]: "EU" ` + noFriend,
				`config.toml:7: friendly[6]: "203.0.113.9/24" has bits of a host; the network is "203.0.113.0/24"`,
				`config.toml:8: friendly[7]: "Belgum" is no country; did you mean Belgium? Its ISO code is "BE": write that`,
			},
		},
		"friendly networks by number": {
			"friendly = [\n\"AS5432\", \"as5432\",\n\"AS 6848\",\n\"5432\",\n\"AS0\",\n\"AS4294967296\",\n\"AS05432\",\n" +
				"\"asn:1.10\",\n\"AS70000.1\",\n\"AS5432x\",\n\"AS-5432\",\n\"AS99999999999999999999\",\n]\n" +
				"[[source]]\nname = \"a\"\npath = \"b\"",
			[]string{
				`config.toml:2: friendly[2]: is listed twice`,
				`config.toml:3: friendly[3]: "AS 6848" is to be written as "AS6848"`,
				`config.toml:4: friendly[4]: "5432" is to be written as "AS5432"`,
				`config.toml:5: friendly[5]: "AS0" is the number of no network`,
				`config.toml:6: friendly[6]: "AS4294967296" is no number of a network: they end at AS4294967295`,
				`config.toml:7: friendly[7]: "AS05432" is to be written as "AS5432"`,
				`config.toml:8: friendly[8]: "asn:1.10" is to be written as "AS65546"`,
				`config.toml:9: friendly[9]: "AS70000.1" is no number of a network: they end at AS4294967295`,
				`config.toml:10: friendly[10]: "AS5432x" ` + noFriend,
				`config.toml:11: friendly[11]: "AS-5432" is to be written as "AS5432"`,
				`config.toml:12: friendly[12]: "AS99999999999999999999" is no number of a network: they end at AS4294967295`,
			},
		},
		"friends missing": {
			"[[source]]\nname = \"a\"\npath = \"b\"",
			[]string{"config.toml: friendly: is missing: " +
				`the countries and networks of your users, such as ["BE"]; [] alerts of nobody`},
		},
		"zone": {
			above(`timezone = "CEST"`),
			[]string{`config.toml:1: timezone: "CEST" is no time zone, such as "Europe/Brussels", "UTC" or "Local"`},
		},
		"no zone": {
			above(`timezone = ""`),
			[]string{`config.toml:1: timezone: expected a time zone, such as "Europe/Brussels", "UTC" or "Local"`},
		},
		"no database": {
			above(`database = ""`),
			[]string{`config.toml:1: database: expected the path of a file`},
		},
		"database is a folder": {
			above(`database = "/"`),
			[]string{`config.toml:1: database: is a directory; expected the path of a file`},
		},
		"unit of days": {
			below(`silent_after = "2d"`),
			[]string{`config.toml:5: source[1].silent_after: "2d" is no duration, such as "90s", "15m" or "24h"`},
		},
		"too often": {
			below(`every = "10ms"`),
			[]string{`config.toml:5: source[1].every: expected 1s to 24h`},
		},
		"negative": {
			below("[enrich]\npatience = \"-1s\""),
			[]string{`config.toml:6: enrich.patience: expected 0s to 10m`},
		},
		"too long": {
			below("[alerts]\nmax_age = \"8760h\""),
			[]string{`config.toml:6: alerts.max_age: expected 1m to 720h`},
		},
		"silent too soon": {
			below(`silent_after = "1s"`),
			[]string{`config.toml:5: source[1].silent_after: expected 1m to 8760h`},
		},
		"time of day": {
			below("[digest]\nat = \"24:00\""),
			[]string{`config.toml:6: digest.at: "24:00" is no time of day, such as "08:00"; "" is never`},
		},
		"quiet, half of it": {
			below("[alerts]\nquiet = \"22:00\""),
			[]string{`config.toml:6: alerts.quiet: "22:00" is not from one time of day to another, such as "22:00-07:00"; ` +
				`"" is never`},
		},
		"quiet, no time": {
			below("[alerts]\nquiet = \"22:00-24:00\""),
			[]string{`config.toml:6: alerts.quiet: "22:00-24:00" is not from one time of day to another, ` +
				`such as "22:00-07:00"; "" is never`},
		},
		"quiet, all day": {
			below("[alerts]\nquiet = \"07:00-07:00\""),
			[]string{`config.toml:6: alerts.quiet: "07:00-07:00" ends when it begins; it is to end before that, ` +
				`such as "22:00-07:00"`},
		},
		"quiet, a number": {
			below("[alerts]\nquiet = 22"),
			[]string{`config.toml:6: alerts.quiet: expected hours in quotes, such as "22:00-07:00", found a number`},
		},
		"theme": {
			below("[report]\ntheme = \"pink\""),
			[]string{`config.toml:6: report.theme: "pink" is none of "auto", "light", "dark"`},
		},
		"keep nothing": {
			below("[privacy]\nkeep_days = 0"),
			[]string{`config.toml:6: privacy.keep_days: expected 1 to 36500 days`},
		},
		"port": {
			below("[metrics]\nlisten = \"127.0.0.1:70000\""),
			[]string{`config.toml:6: metrics.listen: expected a port from 1 to 65535`},
		},
		"no port": {
			below("[enrich]\nwhois_server = \"whois.example.org\""),
			[]string{`config.toml:6: enrich.whois_server: ` + noAddress},
		},
		"no table": {
			below("[enrich]\ntable = \"/nonexistent/x.mmdb\""),
			[]string{`config.toml:6: enrich.table: cannot be read: no such file or directory`},
		},
		"no table of networks": {
			below("[enrich]\nas_table = \"/nonexistent/x.mmdb\""),
			[]string{`config.toml:6: enrich.as_table: cannot be read: no such file or directory`},
		},
		"table is a folder": {
			below("[enrich]\ntable = \"/\""),
			[]string{`config.toml:6: enrich.table: is no regular file`},
		},

		// Sources.
		"no source": {
			"friendly = []",
			[]string{`config.toml: source: is missing: a [[source]] with a name and a path says which file to read`},
		},
		"source without all": {"friendly = []\n[[source]]\nformat = \"tsv\"", []string{
			`config.toml:2: source[1].name: expected a name of 1 to 40 printable characters`,
			`config.toml:2: source[1].path: ` + noPlace,
			`config.toml:3: source[1].format: "tsv" is none of "auto", "csv", "log"`,
		}},
		"source with both": {
			below("sftp = \"a@b:22/c\"\nkey_file = \"k\"\nknown_hosts = \"h\""),
			[]string{`config.toml:4: source[1].path: ` + noPlace},
		},
		"key of a local file": {
			below("key_file = \"k\""),
			[]string{`config.toml:5: source[1].key_file: is for sftp, and this source is a file here`},
		},
		"source copied": {below("[[source]]\nname = \"web1\"\npath = \"bans.csv\""), []string{
			`config.toml:6: source[2].name: is the name of source[1] as well`,
			`config.toml:7: source[2].path: is the file of source[1] as well`,
		}},
		"name": {
			"friendly = []\n[[source]]\nname = \"web\\u0007\"\npath = \"b\"",
			[]string{`config.toml:3: source[1].name: expected a name of 1 to 40 printable characters`},
		},
		"sftp alone": {"friendly = []\n[[source]]\nname = \"a\"\nsftp = \"u@h:22/bans.csv\"", []string{
			`config.toml:4: source[1].key_file: is missing: sftp needs key_file and known_hosts`,
			`config.toml:4: source[1].known_hosts: is missing: sftp needs key_file and known_hosts`,
		}},
		"sftp form": {"friendly = []\n[[source]]\nname = \"a\"\nsftp = \"sftp://h/bans.csv\"", []string{
			`config.toml:4: source[1].sftp: expected user@host:22/path/to/file`,
			`config.toml:4: source[1].key_file: is missing: sftp needs key_file and known_hosts`,
			`config.toml:4: source[1].known_hosts: is missing: sftp needs key_file and known_hosts`,
		}},
		"sftp port": {
			"friendly = []\n[[source]]\nname = \"a\"\nsftp = \"u@h:99999/bans.csv\"\n" +
				"key_file = \"/nonexistent/k\"\nknown_hosts = \"/nonexistent/h\"",
			[]string{
				`config.toml:4: source[1].sftp: expected a port from 1 to 65535`,
				`config.toml:5: source[1].key_file: cannot be read: no such file or directory`,
				`config.toml:6: source[1].known_hosts: cannot be read: no such file or directory`,
			},
		},
		"sftp password": {
			"friendly = []\n[[source]]\nname = \"a\"\nsftp = \"u:canary@h:22/bans.csv\"\n" +
				"key_file = \"/nonexistent/k\"\nknown_hosts = \"/nonexistent/h\"",
			[]string{
				`config.toml:4: source[1].sftp: must hold no password: key_file names the key that logs in`,
				`config.toml:5: source[1].key_file: cannot be read: no such file or directory`,
				`config.toml:6: source[1].known_hosts: cannot be read: no such file or directory`,
			},
		},

		// Platforms.
		"chats without token": {
			below("[telegram]\nchats = [-1001234567890]"),
			[]string{`config.toml:6: telegram.chats: ` + needsTelegramToken},
		},
		"channels without token": {
			below("[discord]\nchannels = [\"112233445566778899\"]"),
			[]string{`config.toml:6: discord.channels: ` + needsDiscordToken},
		},
		"users alone": {
			below("[telegram]\nusers = [7]"),
			[]string{`config.toml:6: telegram.users: has no effect without telegram.chats, where commands are heard`},
		},
		"chat ids": {
			below("[telegram]\nchats = [\n  0,\n  \"@example\",\n  \"-100/x\",\n  [],\n  -7,\n  \"-7\",\n]"),
			[]string{
				`config.toml:6: telegram.chats[4]: ` + noChat,
				`config.toml:6: telegram.chats: ` + needsTelegramToken,
				`config.toml:7: telegram.chats[1]: ` + noChat,
				`config.toml:8: telegram.chats[2]: ` + noChat,
				`config.toml:9: telegram.chats[3]: ` + noChat,
				`config.toml:12: telegram.chats[6]: is listed twice`,
			},
		},
		"user ids": {below("[telegram]\nusers = [-100, 1087968824, \"alice\"]"), []string{
			`config.toml:6: telegram.users[1]: ` + noUser,
			"config.toml:6: telegram.users[2]: " +
				"is an account of Telegram itself that many people speak through, and no user",
			`config.toml:6: telegram.users[3]: ` + noUser,
			`config.toml:6: telegram.users: has no effect without telegram.chats, where commands are heard`,
		}},
		"discord ids": {below("[discord]\nchannels = [\"general\"]\nusers = [12345]\nguild = \"Example\""), []string{
			`config.toml:6: discord.channels[1]: expected the id of a channel, ` + snowflake,
			`config.toml:6: discord.channels: ` + needsDiscordToken,
			`config.toml:7: discord.users[1]: expected the id of a user, ` + snowflake,
			`config.toml:8: discord.guild: expected the id of a server, ` + snowflake,
		}},
		"no guild": {
			below("[discord]\nchannels = [\"112233445566778899\"]\nusers = [\"112233445566778899\"]"),
			[]string{
				`config.toml:6: discord.channels: ` + needsDiscordToken,
				"config.toml:7: discord.guild: is missing: " +
					"the slash commands of discord.users are registered in a server",
			},
		},
		"api": {
			below("[telegram]\napi = \"api.telegram.org\""),
			[]string{`config.toml:6: telegram.api: expected the URL of a server, such as https://example.org`},
		},
		"api in clear": {
			below("[discord]\napi = \"http://proxy.example.org\""),
			[]string{"config.toml:6: discord.api: needs https: " +
				"http would show the token on the way, and is for this machine only"},
		},
		"api with password": {
			below("[telegram]\napi = \"https://u:canary@example.org\""),
			[]string{`config.toml:6: telegram.api: must hold no password, query or fragment`},
		},

		// Secrets.
		"token": {
			below("[telegram]\ntoken = \"" + telegramCanary + "\""),
			[]string{"config.toml:6: telegram.token: " + noSecrets},
		},
		"token unquoted": {
			below("[telegram]\ntoken = " + telegramCanary),
			[]string{`config.toml:6: is no TOML: expected newline but got U+003A ':'; text stands in quotes`},
		},
		"token as file": {below("[telegram]\ntoken_file = \"" + telegramCanary + "\""), []string{
			"config.toml:6: telegram.token_file: " + noSecrets,
			"config.toml:6: telegram.chats: " + noChats,
		}},
		"token as chat": {below("[discord]\nchannels = [\"" + discordCanary + "\"]"), []string{
			"config.toml:6: discord.channels[1]: " + noSecrets,
			`config.toml:6: discord.channels: ` + needsDiscordToken,
		}},
		"token as key": {
			above("\"" + telegramCanary + "\" = 1"),
			[]string{`config.toml:1: (not shown): is no key of friendlyfire`},
		},
		"token in a zone": {
			above("timezone = \"" + discordCanary + "\""),
			[]string{"config.toml:1: timezone: " + noSecrets},
		},
		"token in a URL": {
			below("[telegram]\napi = \"https://api.telegram.org/bot" + telegramCanary + "\""),
			[]string{"config.toml:6: telegram.api: " + noSecrets},
		},
		"other secret": {
			below("sftp_password = \"canary\""),
			[]string{"config.toml:5: source[1].sftp_password: " + noSecrets},
		},
		"no token file": {
			below("[telegram]\ntoken_file = \"canary\"\nchats = [-7]"),
			[]string{`config.toml:6: telegram.token_file: cannot be read: no such file or directory`},
		},
		"token file folder": {
			below("[telegram]\ntoken_file = \"/\"\nchats = [-7]"),
			[]string{`config.toml:6: telegram.token_file: is no regular file`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Split(mistakes(t, test.text, config.ToRun), "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

// sameConfig compares zones by their names, and leaves out secrets.
var sameConfig = cmp.Options{
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreTypes(config.Secret{}),
}

func TestShippedConfigHasTheDefaults(t *testing.T) {
	noTokens(t)
	got, err := loader.Parse("config.toml", shipped, config.ToRun)
	if err != nil {
		t.Fatal(err)
	}
	want := config.New()
	want.Platforms = sections()
	want.File = "config.toml"
	want.Friendly = store.Friends{Countries: []store.Country{"BE"}}
	sample := config.NewSource()
	sample.Name, sample.Path, sample.Timezone = "web1", "sample/bans.csv", time.Local
	want.Sources = []config.Source{sample}
	if diff := cmp.Diff(want, got, sameConfig...); diff != "" {
		t.Errorf("config.toml (-default +shipped):\n%s", diff)
	}
}

func TestEveryKeyStandsInTheShippedConfig(t *testing.T) {
	index := regexp.MustCompile(`\[[0-9]+\]`)
	var given []string
	for _, key := range config.Given(shipped, sections()) {
		given = append(given, index.ReplaceAllString(key, ""))
	}
	if strings.Contains(string(shipped), "\n# [[logins]]\n") { // it has no default
		given = append(given, "logins")
	}
	slices.Sort(given)
	known := config.Keys(sections())
	slices.Sort(known)
	if diff := cmp.Diff(known, slices.Compact(given)); diff != "" {
		t.Errorf("keys (-Config +config.toml):\n%s", diff)
	}
}

func TestConfigIsReadIntoItsTypes(t *testing.T) {
	noTokens(t)
	key := writeFile(t, "key", 0o600)
	token := writeFile(t, "  "+telegramCanary+"\n", 0o600)
	c, err := loader.Parse("config.toml", []byte(`
friendly = ["be", "UK", "203.0.113.0/24", "2001:db8::1", "::ffff:192.0.2.7", "AS5432", "as4294967295", "AS"]
timezone = "Europe/Brussels"
digest.at = "" # a dotted key
[[source]]
name = "wéb # 1"
sftp = "f2b@[2001:db8::2]:2222/var/bans.csv"
key_file = "`+key+`"
known_hosts = '`+key+`'
every = "1m30s"
silent_after = "0s"
timezone = "America/Chicago"
[[source]]
name = "two"
sftp = "f2b@web2/bans.csv"
key_file = "`+key+`"
known_hosts = """`+key+`"""
[telegram]
token_file = "`+token+`"
chats = [
	-1001234567890, # one
	"-100123/45",
]
users = ["7", 0x8]
api = "http://[::1]:8081/"
`), config.ToRun)
	if err != nil {
		t.Fatal(err)
	}
	want := config.New()
	want.Platforms = sections()
	want.File = "config.toml"
	want.Friendly = store.Friends{
		Countries: []store.Country{"BE", "GB", "AS"},
		Systems:   []store.ASN{5432, 4294967295},
		Networks: []netip.Prefix{
			netip.MustParsePrefix("203.0.113.0/24"),
			netip.MustParsePrefix("2001:db8::1/128"),
			netip.MustParsePrefix("192.0.2.7/32"),
		},
	}
	want.Timezone = zone(t, "Europe/Brussels")
	want.Digest.At = nil
	want.Sources = []config.Source{
		{
			Name: "wéb # 1", SFTP: &config.SFTPFile{"f2b", "[2001:db8::2]:2222", "/var/bans.csv"},
			KeyFile: key, KnownHosts: key,
			Format: "auto", Every: 90 * time.Second, Timezone: zone(t, "America/Chicago"),
		},
		{
			Name: "two", SFTP: &config.SFTPFile{"f2b", "web2:22", "/bans.csv"}, KeyFile: key, KnownHosts: key,
			Format: "auto", Every: 15 * time.Second, Timezone: want.Timezone, SilentAfter: 24 * time.Hour,
		},
	}
	want.Platforms[0] = &telegram.Config{
		TokenFile: token, API: "http://[::1]:8081",
		ChatIDs: []string{"-1001234567890", "-100123/45"}, UserIDs: []string{"7", "8"},
	}
	if diff := cmp.Diff(want, c, sameConfig...); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if got := config.SectionOf[*telegram.Config](c).Token.Reveal(); got != telegramCanary {
		t.Error("the token is not what its file holds")
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestConfigFileMayBeMissing(t *testing.T) {
	noTokens(t)
	t.Chdir(t.TempDir())
	load := func(path string) (*config.Config, error) {
		l := loader
		l.File = path
		return l.Load(config.ToRun)
	}
	for _, path := range []string{"", "config.toml"} {
		c, err := load(path)
		if err != nil || c.File != "built-in config.toml" {
			t.Errorf("Load(%q): got %v, %v, want the built-in one", path, c, err)
		}
	}
	_, err := load("other.toml")
	if err == nil || err.Error() != "other.toml: cannot be read: no such file or directory" {
		t.Errorf("got %v, want that other.toml is missing", err)
	}
	if err := os.WriteFile("config.toml", []byte("\ufeff"+goodConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := load(""); err != nil || c.File != "config.toml" || c.Sources[0].Path != "bans.csv" {
		t.Errorf("got %v, %v, want what config.toml says", c, err)
	}
}

func TestOnlyTheBotNeedsFilesAndChats(t *testing.T) {
	noTokens(t)
	missing := below("[enrich]\ntable = \"/nonexistent\"\n[telegram]\ntoken_file = \"/nonexistent\"\nchats = [-7]")
	if got := mistakes(t, missing, config.ToAsk); got != "" {
		t.Errorf("offline: got %s, want no mistake", got)
	}
	if got := mistakes(t, missing, config.ToPair); strings.Count(got, "\n") != 1 {
		t.Errorf("pairing: got %s, want two mistakes", got)
	}
	noChat := below("[telegram]\ntoken_file = \"" + writeFile(t, telegramCanary, 0o600) + "\"\nusers = [7]")
	if got := mistakes(t, noChat, config.ToPair); got != "" {
		t.Errorf("pairing: got %s, want no mistake", got)
	}
	want := "config.toml:6: telegram.chats: is missing: there is a token and nowhere to post; " +
		"`friendlyfire pair telegram` finds the number of a chat\n" +
		"config.toml:7: telegram.users: has no effect without telegram.chats, where commands are heard"
	if got := mistakes(t, noChat, config.ToRun); got != want {
		t.Errorf("running: got\n%s\nwant\n%s", got, want)
	}
}

// FuzzConfig looks for texts that make the reader panic, or name a line that does not exist.
func FuzzConfig(f *testing.F) {
	f.Add(string(shipped))
	f.Add(below("[source.x]\n[[source.y]]\n[[source.y]]\n" +
		"a.b.c = [[1, { x = 2 }], []]\n\"\" = 1\n'a b'.\"c\" = \"\"\"x\"\"\""))
	f.Add("[[a]]\n[a.b]\n[[a.b]]\n[a]\na.b = 1\nsource = [[]]\ntelegram = []\nfriendly.x = 1")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := loader.Parse("config.toml", []byte(text), config.ToAsk)
		if err == nil {
			return
		}
		wrong, ok := errors.AsType[*config.Error](err)
		if !ok || len(wrong.Mistakes) == 0 {
			t.Fatalf("got %T %v, want mistakes", err, err)
		}
		for _, m := range wrong.Mistakes {
			if m.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%v: the file has no such line", m)
			}
		}
	})
}
