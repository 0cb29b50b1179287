package harness

import (
	"strings"

	"friendlyfire/bot/discord/discordtest"
)

// TableOnly is a configuration without chats and without whois.
const TableOnly = `
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
whois = false
`

// WithBoth is a configuration of both platforms, at the addresses of their fakes.
const WithBoth = `
friendly = ["BE", "203.0.113.0/24"]
timezone = "Europe/Brussels"
database = "$DIR/state/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
every = "1s"
[enrich]
whois = false
[digest]
at = "00:00"
[telegram]
chats = [-1001, 42]
users = [7]
api = "$TELEGRAM"
[discord]
channels = ["` + discordtest.Channel + `"]
users = ["` + discordtest.User + `"]
guild = "` + discordtest.Guild + `"
api = "$DISCORD"
`

// Quiet is a change of withBoth: nothing is said that no ban has caused.
var Quiet = strings.NewReplacer(`at = "00:00"`, `at = ""`, `every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"")

// FriendlyV6 is a change of withBoth: 2001:db8::/32 is friendly.
var FriendlyV6 = []string{`"203.0.113.0/24"`, `"2001:db8::/32"`}

// FriendlyRange is a change of WithBoth: the range of Addresses is friendly.
var FriendlyRange = []string{`friendly = ["BE", "203.0.113.0/24"]`, `friendly = ["BE", "198.18.0.0/15"]`}

// TokenFiles is a change of withBoth: the tokens stand in files.
var TokenFiles = strings.NewReplacer(
	"[telegram]\n", "[telegram]\ntoken_file = \"$DIR/telegram\"\n",
	"[discord]\n", "[discord]\ntoken_file = \"$DIR/discord\"\n",
)

// WithMetrics is a configuration with a port for Prometheus.
const WithMetrics = `
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
patience = "0s"
[metrics]
listen = "127.0.0.1:9109"
`
