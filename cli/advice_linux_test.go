package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
)

// toType are the commands that a text tells a person to type: alone on a line, at the end of one behind a colon, or in
// backticks.
var toType = regexp.MustCompile("(?m)(?:^ *|: |`)((?:sudo|friendlyfire|chmod|chown|fail2ban-client|systemctl|usermod|apt) [^\\n`]+)")

func typedIn(text string) (lines []string) {
	for _, m := range toType.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// newAdviceScene is a scene of newRightsScene with a shell whose programs are the real ones, but for those that would
// change this machine.
func newAdviceScene(t *testing.T) (s *harness.Scene, shell func(line string) (out string, err error)) {
	t.Helper()
	s = newRightsScene(t)
	_, _ = as(t, s, 0, "version") // which puts a program there that everybody may run
	tools := filepath.Join(s.Dir, "tools")
	for name, script := range map[string]string{
		"friendlyfire": "exec " + s.Program + ` "$@"`,
		"sudo": `if [ "$1" = -u ]; then user=$2; shift 2; exec setpriv --reuid="$user" --regid="$user" --clear-groups "$@"; fi
exec "$@"`,
		"usermod":         `[ "$1" = -aG ] && getent group "$2" && getent passwd "$3" && chgrp "$3" ` + s.Bans, // as if he was in it
		"systemctl":       `[ "$1" = restart ] && [ "$2" = friendlyfire ]`,
		"fail2ban-client": `case "$*" in "set loglevel INFO" | status) ;; *) exit 1 ;; esac`,
	} {
		tool := filepath.Join(tools, name)
		s.Write(tool, []byte("#!/bin/sh\n"+script+"\n"))
		give(t, tool, 0o755, 0, 0)
	}
	give(t, tools, 0o755, 0, 0)
	give(t, s.Bans, 0o644, 0, 0)
	return s, func(line string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), append(s.Env, harness.AsProgram(), "PATH="+tools+":"+os.Getenv("PATH"))...)
		var b bytes.Buffer
		cmd.Stdout, cmd.Stderr = &b, &b
		err := cmd.Run()
		return b.String(), err
	}
}

// What check tells a person to type works as typed, and check has no more to say of it afterwards.
func TestEveryAdviceOfCheckWorksAsTyped(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, s *harness.Scene, telegram *telegramtest.Server)
		user  uint32 // who runs check
		types int    // how many commands he is told
		stays bool   // only what follows outside of this test ends it
	}{
		"the database is another's": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			s.MustRun("check")
			give(t, s.Database, 0o600, 2, 2)
		}, 0, 1, false},
		"the database is another's, and it is named oddly": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			s.Reconfigure("state/friendlyfire.db", "state/it's mine.db")
			s.Database = filepath.Join(s.Dir, "state", "it's mine.db")
			s.MustRun("check")
			give(t, s.Database, 0o600, 2, 2)
		}, 0, 1, false},
		"the token is open to others": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			s.Write(filepath.Join(s.Dir, "token"), []byte(telegramtest.Token))
			s.Reconfigure("token_file = \"\"", fmt.Sprintf("token_file = %q", filepath.Join(s.Dir, "token")))
			give(t, filepath.Join(s.Dir, "token"), 0o644, 1, 1)
		}, 0, 1, false},
		"the token is root's": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			s.Write(filepath.Join(s.Dir, "token"), []byte(telegramtest.Token))
			s.Reconfigure("token_file = \"\"", fmt.Sprintf("token_file = %q", filepath.Join(s.Dir, "token")))
		}, 0, 1, false},
		"the log is its owner's alone": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			give(t, s.Bans, 0o600, 0, 0)
		}, 0, 2, false},
		"the log is a group's": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			give(t, s.Bans, 0o640, 0, 4)
		}, 0, 2, false},
		"the log is a group's, says the bot": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			give(t, s.Bans, 0o640, 0, 4)
		}, 1, 2, false},
		"the log is in a closed folder": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			closed := filepath.Join(s.Dir, "closed")
			s.Write(filepath.Join(closed, "bans.csv"), []byte(harness.BanRow(time.Now(), harness.Belgian, "sshd", "")))
			give(t, closed, 0o700, 0, 0)
			give(t, filepath.Join(closed, "bans.csv"), 0o644, 0, 0)
			s.Reconfigure(s.Bans, filepath.Join(closed, "bans.csv"))
		}, 0, 1, false},
		"a stranger": {func(*testing.T, *harness.Scene, *telegramtest.Server) {}, 12345, 1, true},
		"a stranger, and a token": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			s.Write(filepath.Join(s.Dir, "token"), []byte(telegramtest.Token))
			give(t, filepath.Join(s.Dir, "token"), 0o600, 1, 1)
			s.Reconfigure("token_file = \"\"", fmt.Sprintf("token_file = %q", filepath.Join(s.Dir, "token")))
		}, 12345, 1, true},
		"history": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			s.Write(s.Bans+".1", []byte(harness.BanRow(time.Now().AddDate(0, 0, -7), harness.Belgian, "sshd", "")))
			give(t, s.Bans+".1", 0o644, 0, 0)
		}, 0, 1, false},
		"a webhook": {func(t *testing.T, s *harness.Scene, telegram *telegramtest.Server) {
			telegram.SetWebhook("https://bots.example/x")
		}, 0, 1, false},
		"a loglevel that hides bans": {func(t *testing.T, s *harness.Scene, _ *telegramtest.Server) {
			s.Write(s.Bans, []byte(time.Now().UTC().Format(time.DateTime)+",123 fail2ban.filter [712]: WARNING [sshd] Ignore\n"+
				strings.Repeat(time.Now().UTC().Format(time.DateTime)+",123 fail2ban.actions [712]: ERROR   Failed\n", 9)))
			give(t, s.Bans, 0o644, 0, 0)
		}, 0, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			telegram := telegramtest.Start(t)
			s, shell := newAdviceScene(t)
			s.Write(s.Config, []byte(s.ReadConfig()+fmt.Sprintf(
				"[telegram]\napi = %q\nchats = [7]\nusers = [7]\ntoken_file = \"\"\n", telegram.URL())))
			if !strings.Contains(name, "token") {
				s.Reconfigure("chats = [7]\nusers = [7]", "")
			}
			if name == "a webhook" {
				s.Reconfigure("token_file = \"\"", "chats = [7]\nusers = [7]")
				s.Env = harness.TokensInEnv()[:1]
			}
			test.spoil(t, s, telegram)
			before, code := as(t, s, test.user, "check")
			lines := typedIn(before)
			if len(lines) != test.types {
				t.Fatalf("code %d, it tells to type %q: %s", code, lines, before)
			}
			for _, line := range lines {
				if out, err := shell(line); err != nil {
					t.Errorf("%s\n%v: %s", line, err, out)
				}
			}
			after, _ := as(t, s, test.user, "check")
			if rest := typedIn(after); len(rest) > 0 && !test.stays {
				t.Errorf("after %q it still tells to type %q: %s", lines, rest, after)
			}
		})
	}
}
