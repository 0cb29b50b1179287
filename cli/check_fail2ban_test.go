package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/config"
)

// What Fail2Ban prints stands here as the real one does: TestT07CheckAsksFail2BanForTheAction asks that.
func TestCheckTellsOfFail2BanWithoutTheAction(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	tests := map[string]struct{ script, path, want string }{
		"none has it": {
			`case $1 in status) printf 'Status\n|- Number of jail:\t2\n%s- Jail list:\tnginx, sshd\n' '` + "`" + `';;
*) printf 'The jail has the following actions:\niptables-multiport, sendmail\n'; esac`,
			actionFile, "PROBLEM  source web1: no jail of Fail2Ban writes to it: nginx, sshd\n",
		},
		"it does not run": {
			`echo '2026-11-22 14:00:00,000 fail2ban [7]: ERROR   Failed to access socket path: /s. Is fail2ban running?'; exit 255`,
			actionFile,
			"note     source web1: whether Fail2Ban writes to it is not known: fail2ban-client: exit status 255: " +
				"Failed to access socket path: /s. Is fail2ban running?\n",
		},
		"it does not run, another file": {"exit 255", "/srv/bans.csv", ""},
		"a log":                         {"exit 255", "/var/log/fail2ban.log", ""},
		"there is none":                 {"", actionFile, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			client := filepath.Join(dir, "fail2ban-client")
			if err := os.RemoveAll(client); err != nil {
				t.Fatal(err)
			}
			if tc.script != "" {
				if err := os.WriteFile(client, []byte("#!/bin/sh\n"+tc.script+"\n"), 0o700); err != nil { //nolint:gosec // it is run
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			checkAction(t.Context(), &checklist{out: &out}, config.Source{Name: "web1", Path: tc.path})
			if got := out.String(); !strings.HasPrefix(got, tc.want) || tc.want == "" && got != "" {
				t.Errorf("check says\n%s\nwant %q", got, tc.want)
			}
		})
	}
}
