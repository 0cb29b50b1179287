package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// Logins that are there before the bot is, and those that come later, make friends of strangers; also those of a server
// whose file a pattern finds while it runs.
func TestBinaryAlertsOfWhoLoggedInBefore(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both,
		harness.Change{`timezone = "Europe/Brussels"`, "timezone = \"Europe/Brussels\"\nfriendly_logins = \"30d\""},
		harness.Change{"[enrich]", "[[logins]]\nname = \"web1\"\npath = \"$DIR/auth.log\"\n" +
			"[[logins]]\nname = \"{1}\"\npath = \"$DIR/remote/*/auth.log\"\n[enrich]"})
	login := func(at time.Time, address string) string {
		return fmt.Sprintf("%s web1 sshd[9]: Accepted publickey for anna from %s port 4711 ssh2\n",
			at.Format(time.RFC3339), address)
	}
	log := filepath.Join(s.Dir, "auth.log")
	now := time.Now()
	first := login(now.Add(-3*24*time.Hour-time.Hour), harness.Foreign)
	s.Write(log, []byte(first))
	remote := func(server string) string { return filepath.Join(s.Dir, "remote", server, "auth.log") }
	write := func(server, text string) {
		if err := os.MkdirAll(filepath.Dir(remote(server)), 0o700); err != nil {
			t.Fatal(err)
		}
		s.Write(remote(server), []byte(text))
	}
	write("db1", login(now, "192.0.2.1"))

	out, stderr, code := s.Run("check")
	if code != 0 || !strings.Contains(out, "ok       logins web1: "+log+", logins among its last lines: 1 of 1, the last ") ||
		!strings.Contains(out, "ok       logins db1: "+remote("db1")) ||
		!strings.Contains(out, "whoever logged in within 30 days before his ban") {
		t.Errorf("code %d, %s\n%s", code, stderr, out)
	}

	p := s.Start()
	s.Ban(harness.Foreign)
	both.Await(t, harness.Foreign+" (logged in from there 3 days ago)", 1)
	s.Ban("47.74.15.97")
	s.Write(log, []byte(first+login(now.Add(-time.Minute), "47.74.15.97")))
	both.Await(t, "47.74.15.97 (logged in from there 1 min ago)", 1)
	s.Ban("47.74.15.98")
	write("db2", login(now.Add(-time.Minute), "47.74.15.98"))
	both.Await(t, "47.74.15.98 (logged in from there 1 min ago)", 1)
	p.Stop()

	s.Write(log, []byte(strings.Repeat("2026-11-27,10:01:01,192.0.2.1\n", 100)))
	out, _, code = s.Run("check")
	if code != 1 || !strings.Contains(out, "PROBLEM  logins web1: ") ||
		!strings.Contains(out, "none of its last 100 lines is of sshd, Dovecot or Postfix") {
		t.Errorf("code %d\n%s", code, out)
	}
}
