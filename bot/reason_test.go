package bot

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// rawErrors are errors as Go, its libraries and the platforms write them, each with what is said of it.
var rawErrors = map[string]string{
	"dial tcp 192.0.2.7:43: connect: connection refused":                               "the connection is refused",
	"dial tcp 192.0.2.7:43: i/o timeout":                                               "no answer in time",
	"read tcp 192.0.2.1:5000->192.0.2.7:43: i/o timeout":                               "no answer in time",
	"context deadline exceeded":                                                        "no answer in time",
	"dial tcp: lookup whois.ripe.net on 127.0.0.53:53: server misbehaving":             "its name is not found",
	"dial tcp: lookup whois.ripe.net: no such host":                                    "its name is not found",
	"dial tcp 192.0.2.7:22: connect: no route to host":                                 "the network has no way to it",
	"sendMessage: Post \"https://x\": net/http: TLS handshake timeout":                 "the encrypted connection fails",
	"sendMessage: unexpected EOF":                                                      "the connection breaks off",
	"websocket: close 1006 (abnormal closure): unexpected EOF":                         "the connection breaks off",
	"read tcp 192.0.2.1:5000->192.0.2.7:443: read: connection reset by peer":           "the connection breaks off",
	"tls: failed to verify certificate: x509: certificate signed by unknown authority": "its certificate is not trusted here",
	"x509: certificate has expired or is not yet valid: current time 2019-01-01":       "its certificate is not valid at this time: is the clock right?",
	"sendMessage: status 403: Forbidden: bot was blocked by the user":                  "it has blocked the bot (403)",
	"not sent: sendMessage: status 403: Forbidden: bot was kicked from the group chat": "it has removed the bot (403)",
	"sendMessage: status 400: Bad Request: chat not found":                             "there is no such chat (400), or the bot is not in it",
	"sendMessage: status 400: Bad Request: not enough rights to send text messages":    "the bot may not write there (400)",
	"sendMessage: status 401: Unauthorized":                                            "the token is not accepted any more (401)",
	"sendMessage: status 502: Bad Gateway":                                             "the platform has trouble of its own (502)",
	"Discord answered 403: Missing Access (50001)":                                     "the bot cannot see the channel (403)",
	"Discord answered 404: Unknown Channel (10003)":                                    "there is no such channel (404)",
	"Discord answered 503":                                                             "the platform has trouble of its own (503)",
	"Discord does not let the bot in: websocket: close 4004: Authentication failed.":   "the token is not accepted any more (4004)",
	"a webhook is set: Telegram sends there what is said to the bot":                   "a webhook is set: Telegram sends there what is said to the bot",
	"sftp ff@web1:22/x: ssh: handshake failed: ssh: unable to authenticate, attempted": "the server does not let us in by this key",
	"sftp ff@web1:22/x: ssh: handshake failed: the key of host web1 is not in /k: if":  "the key of host web1 is not in /k: if",
	"sftp ff@web1:22/x: key file /k has a passphrase: use an agent, or a key without":  "key file /k has a passphrase: use an agent, or a key without",
	"sftp ff@web1:22/x: no answer within 15s\nuse of closed network connection":        "no answer in time",
	"sftp ff@web1:22/x: permission denied":                                             "permission denied: the user ff may not read it there",
	"no such file: /var/log/bans.csv":                                                  "there is no such file: /var/log/bans.csv",
	"open /nonexistent/bans.csv: no such file or directory":                            "there is no such file: /nonexistent/bans.csv",
	"/var/log/dir is no regular file":                                                  "it is no regular file",
	"database or disk is full (13)":                                                    "the disk is full",
	"write /var/lib/x: no space left on device":                                        "the disk is full",
	"disk I/O error (522)":                                                             "the disk has errors",
	"database is locked (5) (SQLITE_BUSY)":                                             "another program holds the database",
	"database disk image is malformed (11)":                                            "the database is damaged; it is mended at a restart",
	"attempt to write a readonly database (8)":                                         "it can be read but not written",
	"too old: sendMessage: status 403: Forbidden: bot was blocked by the user":         "it waited for seven days, since it has blocked the bot (403)",
	"NATS at nats://a:4222: nats: no servers available for connection":                 "none of its servers is to be reached",
	"NATS at nats://a:4222: no connection":                                             "none of its servers is to be reached",
	"NATS at nats://a:4222: nats: Authorization Violation":                             "its servers do not know the key",
	"stream BANS at nats://a:4222: no stream takes it: nats: stream not found":         "there is no such stream",
	"stream BANS at nats://a:4222: no answer: is it out of reach, or do the":           "it does not answer: it has no leader, or the key does not permit to read it",
	"runtime error: slice bounds out of range [:7] with capacity 3":                    "the log says why",
	"": "no reason is known",
}

// goish is what only programmers write.
var goish = regexp.MustCompile(`dial tcp|i/o|0x|\bEOF\b|->|errno|goroutine|runtime|status \d|context|SQLITE|\(\d{1,2}\)|websocket|x509`)

func TestErrorsAreWordsInEveryChat(t *testing.T) {
	for text, want := range rawErrors {
		r := ReasonOf(text)
		if r.Says != want {
			t.Errorf("%q is %q, want %q", text, r.Says, want)
		}
		if goish.MatchString(r.Says + r.Does + r.Advice) {
			t.Errorf("%q still speaks of a program: %+v", text, r)
		}
	}
}

// Who may read a file, and what lets the bot in, is said of any file.
func TestAForbiddenFileSaysWhoMayReadIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bans.csv")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	me := store.UserName(os.Geteuid())
	r := ReasonOf("open " + path + ": permission denied")
	if want := "permission denied: the user " + me + " may not read " + path + ", which is for " + me + " alone"; r.Says != want {
		t.Errorf("says %q, want %q", r.Says, want)
	}
	if want := "chgrp " + me + " " + path + " && chmod g+r " + path; r.Type != want {
		t.Errorf("to type: %q, want %q", r.Type, want)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root gives a file to another group")
	}
	if err := os.Chown(path, 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	_, group := store.Readers(path)
	r = ReasonOf("open " + path + ": permission denied")
	if want := "root and the group " + group; group == "" || !strings.HasSuffix(r.Says, want) ||
		r.Type != "usermod -aG "+group+" root && systemctl restart friendlyfire" {
		t.Errorf("says %q and %q, want %q", r.Says, r.Type, want)
	}
}

// No raw error gets into what is told, into /status or into the digest, whatever the error is.
func TestNoChatSeesAnErrorOfAProgram(t *testing.T) {
	for text := range rawErrors {
		if text == "" {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			other := store.Chat{Platform: "stone", ID: "2"}
			d.health.Chats = append(d.health.Chats, other)
			d.commands.Chats = d.health.Chats
			deaf := &msg.Hearing{Platform: "stone"}
			deaf.Lost(text)
			d.health.Hearing, d.health.Whois = []*msg.Hearing{deaf}, true
			d.registry(func(r *store.Registry) { r.Troubles, r.Trouble = 3, text })
			for _, err := range []error{
				d.store.SourceFailed(t.Context(), "web1", text, time.Now()),
				d.store.RecordAttempt(t.Context(), store.Attempt{
					Chat: other, At: time.Now(), Outcome: store.NotSent, Failed: true, Reason: text,
				}),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			d.give(other, text, "ban/7")
			time.Sleep(2 * time.Minute)
			said := append(d.look(), d.status(), d.healthLine())
			for _, s := range said {
				if goish.MatchString(s) {
					t.Errorf("of %q is said\n%s", text, s)
				}
			}
			if len(said) < 3 {
				t.Errorf("of %q little is said: %q", text, said)
			}
		})
	}
}

func TestAChatOutOfReachSaysWhatWaitsAndTheNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		other := store.Chat{Platform: "telegram", ID: "8"}
		d.health.Chats = append(d.health.Chats, other)
		for i := range 3 {
			if _, err := d.store.Post(t.Context(),
				notices([]store.Chat{other}, string(rune('a'+i)), Body{}, time.Now())...); err != nil {
				t.Fatal(err)
			}
		}
		const blocked = "not sent: sendMessage: status 403: Forbidden: bot was blocked by the user"
		if err := d.store.RecordAttempt(t.Context(), store.Attempt{
			Chat: other, At: time.Now(), Outcome: store.NotSent, Failed: true, Hold: 15 * time.Minute, Reason: blocked,
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		d.expect("🔴 telegram 8 has blocked the bot (403)\n3 messages wait, for 7 days at most; next try 01:15\n" +
			"Somebody in that chat must unblock it")
		if got := d.healthLine(); !strings.Contains(got, "telegram 8 has blocked the bot (403) since 01:00") {
			t.Errorf("the digest says %q", got)
		}
		time.Sleep(3 * time.Hour)
		due, err := d.store.Due(t.Context(), other, time.Now(), "", 2)
		if err != nil || len(due) != 2 {
			t.Fatal(due, err)
		}
		err = d.store.RecordAttempt(t.Context(), store.Attempt{
			Chat: other, At: time.Now(), Outcome: store.Sent, IDs: []int64{due[0].ID, due[1].ID},
		})
		if err != nil {
			t.Fatal(err)
		}
		d.expect("🟢 telegram 8 gets my messages again, after 3 h 2 min\n2 messages delivered, 1 message on the way, none lost")
	})
}

func TestStatusSaysSinceWhenWhoisIsOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Whois = true
		d.ban("198.51.100.7", "BE")
		d.registry(func(r *store.Registry) { r.Troubles, r.Trouble = 1, "dial tcp 192.0.2.7:43: i/o timeout" })
		d.look()
		time.Sleep(3 * time.Hour)
		d.restart() // it is kept
		d.health.Whois = true
		d.look()
		if got := d.status(); !strings.Contains(got, "\nwhois: whois.ripe.net unreachable since 01:00, 1 address waits, ") {
			t.Errorf("/status says\n%s", got)
		}
		d.registry(func(r *store.Registry) { r.Troubles = 0 })
		d.look()
		if got := d.status(); strings.Contains(got, "unreachable") {
			t.Errorf("/status says\n%s", got)
		}
	})
}
