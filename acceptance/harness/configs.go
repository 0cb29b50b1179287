package harness

import (
	"strings"
	"testing"

	"friendlyfire/bot/discord/discordtest"
)

// TableOnly is a configuration without chats and without whois: countries come from the built-in table.
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

// withTelegram is TableOnly with one group on Telegram.
const withTelegram = TableOnly + `[telegram]
chats = [-1001]
users = [7]
api = "$TELEGRAM"
`

// withBoth has chats on both platforms, and reports nothing of its own accord: no digest, no silent source.
const withBoth = `
friendly = ["BE", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32"]
timezone = "Europe/Brussels"
database = "$DIR/state/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
every = "1s"
silent_after = "0s"
[enrich]
whois = false
[digest]
at = ""
[telegram]
token_file = "$DIR/telegram"
chats = [-1001, 42]
users = [7]
api = "$TELEGRAM"
[discord]
token_file = "$DIR/discord"
channels = ["` + discordtest.Channel + `"]
users = ["` + discordtest.User + `"]
guild = "` + discordtest.Guild + `"
api = "$DISCORD"
`

// AllChats are the chats of a scene with both platforms.
var AllChats = []string{"-1001", "42", discordtest.Channel}

// Change is a change to a configuration, as pairs of old and new text. The old text must be there.
type Change []string

func (c Change) apply(t *testing.T, config string) string {
	t.Helper()
	for i := 0; i < len(c); i += 2 {
		if !strings.Contains(config, c[i]) {
			t.Fatalf("the configuration has no %q to change", c[i])
		}
	}
	return strings.NewReplacer(c...).Replace(config)
}
