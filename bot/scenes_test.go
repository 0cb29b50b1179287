package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// A banScene is a ban in the words of one service, with what the alert says of it.
type banScene struct {
	what, jail string
	line       string // %[1]d counts the attempts, %[2]s is the time of each
	layout     string // of the time
	attempts   int
	every      time.Duration
	want       string
}

var banScenes = []banScene{
	{
		"forgotten password", "sshd",
		"%[2]s web1 sshd-session[81%[1]d]: Failed password for jdupont from 198.51.100.7 port 5123%[1]d ssh2",
		time.Stamp, 5, 14 * time.Second, "Probably a person: only jdupont, who exists; 5 failures in 56 s",
	},
	{
		"an old password in a phone", "dovecot",
		"%[2]s web1 dovecot: auth-worker(7%[1]d): sql(anna@example.com,198.51.100.7,<s%[1]d>): Password mismatch " +
			"(SHA1 of given password: 5baa61)",
		time.Stamp, 4, time.Minute, "Probably a person: the same wrong password again; only anna@example.com, who exists",
	},
	{
		"the same, where the server does not say who exists", "postfix-sasl",
		"%[2]s web1 postfix/submission/smtpd[7%[1]d]: warning: unknown[198.51.100.7]: SASL PLAIN authentication failed: " +
			"(reason unavailable), sasl_username=anna@example.com",
		time.Stamp, 4, time.Minute, "Person or attacker? only anna@example.com",
	},
	{
		"caps lock", "nginx-http-auth",
		`%[2]s [error] 9#9: *7%[1]d user "MARIE" was not found in "/etc/nginx/users", client: 198.51.100.7, server: a`,
		"2006/01/02 15:04:05", 5, 8 * time.Second, "Probably a person: only MARIE, in capital letters: caps lock?",
	},
	{
		"a slip in the name", "sshd",
		"%[2]s web1 sshd[81%[1]d]: Failed password for invalid user jdupnot from 198.51.100.7 port 5123%[1]d ssh2",
		time.Stamp, 3, 11 * time.Second, "Person or attacker? jdupnot does not exist",
	},
	{
		"a cloud", "nextcloud",
		`{"reqId":"r%[1]d","level":2,"time":"%[2]s","remoteAddr":"198.51.100.7","user":"--","app":"core","message":` +
			`"Login failed: sophie (Remote IP: 198.51.100.7)"}`,
		time.RFC3339, 5, 20 * time.Second, "Probably a person: only sophie; 5 failures in 80 s",
	},
	{
		"administrator or attacker", "sshd",
		"%[2]s web1 sshd[81%[1]d]: Failed password for root from 198.51.100.7 port 5123%[1]d ssh2",
		time.Stamp, 4, 20 * time.Second, "Person or attacker? only root, which people and attackers use alike",
	},
	{
		"a dictionary", "sshd",
		"%[2]s web1 sshd[81%[1]d]: Invalid user test%[1]d from 198.51.100.7 port 5123%[1]d",
		time.Stamp, 5, 3 * time.Second, "Probably an attacker: tried test0, test1 and 3 others, as attackers do",
	},
	{
		"a blog, many passwords at once", "wordpress",
		"%[2]s web1 wordpress(example.com)[7%[1]d]: XML-RPC multicall authentication failure from 198.51.100.7",
		time.Stamp, 2, time.Second, "Probably an attacker: tried many passwords in one request",
	},
	{
		"a scanner", "apache-botsearch",
		`198.51.100.7 - - [%[2]s] "GET /.env HTTP/1.1" 404 %[1]d12 "-" "-"`,
		"02/Jan/2006:15:04:05 -0700", 3, time.Second, "Probably an attacker: asked for what only scanners ask for",
	},
}

// The texts that an administrator reads, from the lines of ten kinds of bans; -v prints them.
func TestAlertsOfTenScenesSayWhoItIs(t *testing.T) {
	for _, scene := range banScenes {
		t.Run(scene.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.ban("198.51.100.7", "BE", by(scene.jail), func(b *store.Ban) {
					var lines []string
					for i := range scene.attempts {
						at := b.Time.Add(time.Duration(i+1-scene.attempts) * scene.every).UTC()
						lines = append(lines, fmt.Sprintf(scene.line, i, at.Format(scene.layout)))
					}
					b.Matches, b.Failures = strings.Join(lines, "\n"), scene.attempts
				})
				d.step()
				time.Sleep(d.announcer.Patience)
				d.step()
				text := strings.Join(d.sender.texts(), "\n")
				if !strings.Contains(text, "\n"+scene.want) {
					t.Errorf("want %q", scene.want)
				}
				t.Log("\n" + text)
			})
		})
	}
}
