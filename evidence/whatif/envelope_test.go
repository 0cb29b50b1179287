package whatif

import (
	"fmt"
	"strings"
	"testing"
)

// Lines count in whatever envelope they come: of Fail2Ban itself, of syslog, and of JSON; quoted text does not.
func TestLinesCountInAnyEnvelope(t *testing.T) {
	const stamp = "2026-11-27 10:00:00"
	lines := [][3]string{ // module, level and message
		{"fail2ban.jail", "INFO", "Creating new jail 'sshd'"},
		{"fail2ban.filter", "INFO", "  maxRetry: 3"},
		{"fail2ban.filter", "INFO", "  findtime: 900"},
		{"fail2ban.jail", "INFO", "Jail 'sshd' started"},
		{"fail2ban.filter", "INFO", "[sshd] Found 192.0.2.1 - " + stamp},
		{"fail2ban.filter", "INFO", "[sshd] Found 192.0.2.1 - " + stamp},
		{"fail2ban.filter", "INFO", "[sshd] Found 192.0.2.1 - " + stamp},
		{"fail2ban.actions", "NOTICE", "[sshd] Ban 192.0.2.1"},
		{"fail2ban.filter", "ERROR", "quoted '[sshd] Found 192.0.2.2 - " + stamp + "'"},
	}
	for name, envelope := range map[string]string{
		"itself":       stamp + ",123 %-24s[900]: %-7s %s",
		"0.8":          stamp + ",123 %s: %s %s",
		"RFC 3164":     "Nov 27 10:00:00 web1 %s[900]: %s %s",
		"RFC 5424":     "<133>1 2026-11-27T10:00:00Z web1 %s 900 - - %s %s",
		"Docker":       `{"log":"` + stamp + `,123 %s [1]: %s %s\n","stream":"stdout","time":"2026-11-27T10:00:00.1Z"}`,
		"the journal":  `{"_HOSTNAME":"web1","MESSAGE":"` + stamp + `,123 %s [1]: %s %s","PRIORITY":"6"}`,
		"compose":      "fail2ban-1  | " + stamp + ",123 %s [1]: %s %s",
		"with Windows": stamp + ",123 %s [1]: %s %s\r",
	} {
		var log strings.Builder
		for _, l := range lines {
			fmt.Fprintf(&log, envelope+"\n", l[0], l[1], l[2])
		}
		var replay Replay
		if err := replay.Read(strings.NewReader(log.String())); err != nil {
			t.Fatal(err)
		}
		res := replay.Result("sshd", func(string) bool { return false }, Rule{MaxRetry: 2})
		if res.Present != (Rule{3, 900}) || !res.Told || res.Failures != 3 || res.Banned != 1 || res.Choices[0].Banned != (Bounds{1, 1}) {
			t.Errorf("%s: %+v", name, res)
		}
	}
}
