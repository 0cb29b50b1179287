package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
)

func TestCheckReportNamesNobody(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	s.Ban(harness.Belgian)
	plain := s.MustRun("check")
	report := s.MustRun("check", "--report")
	private := []string{
		"web1", "-1001", discordtest.Channel, discordtest.Guild, "203.0.113.0/24", "2001:db8::/32", "198.18.0.0/15",
		harness.Belgian,
	}
	for line := range strings.Lines(plain) {
		if _, title, ok := strings.Cut(line, discordtest.Channel+": "); ok {
			private = append(private, strings.TrimSpace(title))
		}
		if _, self, ok := strings.Cut(line, "known as "); ok {
			private = append(private, strings.TrimSpace(self))
		}
	}
	if len(private) < 10 {
		t.Fatalf("check names neither bots nor channels:\n%s", plain)
	}
	for _, word := range private {
		if strings.Contains(report, word) {
			t.Errorf("the report has %q:\n%s", word, report)
		}
	}
	if want, got := strings.Count(plain, "\n")+1, strings.Count(report, "\n"); got != want {
		t.Errorf("%d lines, want %d:\n%s", got, want, report)
	}
	for _, kept := range []string{"about    friendlyfire ", "friendly: Belgium, ADDRESS", "Everything is in order."} {
		if !strings.Contains(report, kept) {
			t.Errorf("the report lacks %q:\n%s", kept, report)
		}
	}
}

// Platforms that hear no commands: where they are and who is told there is nobody's business; which line of the
// configuration it is, is.
func TestCheckReportNamesNoServerAndNoRecipient(t *testing.T) {
	t.Parallel()
	s := harness.NewScene(t, harness.TableOnly+`[ntfy]
server = "https://ntfy.corp.example"
topics = ["CANARY-topic"]
[webhook]
urls_file = "$DIR/urls"
[mail]
server = "mail.corp.example:587"
from = "Ban bot of Corp <alerts@corp.example>"
user = "corpuser"
to = ["admin@corp.example", "second@other.example"]
password_file = "$DIR/password"
`)
	s.Write(filepath.Join(s.Dir, "urls"), []byte("opsroom https://hooks.corp.example/CANARY\n"))
	s.Write(filepath.Join(s.Dir, "password"), []byte("CANARY"))
	s.Env = []string{"GODEBUG=netdns=go"}
	report, errs, _ := s.Run("check", "--report")
	for _, private := range []string{
		"corp", "Corp", "CANARY", "admin@", "second@", "other.example", "opsroom", "hooks",
	} {
		if strings.Contains(report+errs, private) {
			t.Errorf("the report has %q:\n%s%s", private, report, errs)
		}
	}
	for _, kept := range []string{"ntfy …: topics[1] on …: ", "webhook …: line 1 of urls_file: the name of its host is not found", "mail: "} {
		if !strings.Contains(report, kept) {
			t.Errorf("the report lacks %q:\n%s", kept, report)
		}
	}
}

func TestReportsKeepTimesAndVersions(t *testing.T) {
	for given, want := range map[string]string{
		"last ban Sun 22 Nov 11:16 UTC":    "last ban Sun 22 Nov 11:16 UTC",
		"last ban 22 Nov 2025 11:16 UTC":   "last ban 22 Nov 2025 11:16 UTC",
		"dial tcp 192.0.2.7:443: refused.": "dial tcp ADDRESS: refused.",
		"[2001:db8::1]:443, 2001:db8::/32": "[ADDRESS]:443, ADDRESS",
		"chat -1001234567890, go1.26.0":    "chat NUMBER, go1.26.0",

		"takes no mail (550 5.1.1 <a.b+c@mail.example.org>: no such user)": "takes no mail (550 5.1.1 <ADDRESS>: no such user)",
	} {
		if got := (&privacy{on: true}).text(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
