package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// newRightsScene is a scene whose bot is the user daemon, and whose folders everybody may enter.
func newRightsScene(t *testing.T) *harness.Scene {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can make files for others, and ask what they may")
	}
	s := harness.NewScene(t, strings.Replace(harness.TableOnly, "$DIR/friendlyfire.db", "$DIR/state/friendlyfire.db", 1))
	for dir := s.Dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.Ban(harness.Belgian)
	s.Write(filepath.Join(s.Dir, "state", "x"), nil)
	give(t, filepath.Join(s.Dir, "state"), 0o700, 1, 1)
	return s
}

// give gives a file a mode, an owner and a group.
func give(t *testing.T, path string, mode os.FileMode, uid, gid int) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// What root may read, the bot may not: run by root, check says so, and what to type.
func TestCheckByRootIsAboutTheBotsRights(t *testing.T) {
	const adm = 4
	for name, test := range map[string]struct {
		make func(t *testing.T, s *harness.Scene)
		kind string
		says string
	}{
		"readable to all":   {func(t *testing.T, s *harness.Scene) { give(t, s.Bans, 0o644, 0, 0) }, "ok", "last ban"},
		"the bot's":         {func(t *testing.T, s *harness.Scene) { give(t, s.Bans, 0o600, 1, 0) }, "ok", "last ban"},
		"the bot's group's": {func(t *testing.T, s *harness.Scene) { give(t, s.Bans, 0o640, 0, 1) }, "ok", "last ban"},
		"Debian's log": {
			func(t *testing.T, s *harness.Scene) { give(t, s.Bans, 0o640, 0, adm) }, "PROBLEM",
			"bans.csv: the bot's user daemon may not read it\n         The group adm may, so let daemon be in it, and start the " +
				"bot anew:\n         sudo usermod -aG adm daemon\n         sudo systemctl restart friendlyfire\n",
		},
		"Fedora's log": {
			func(t *testing.T, s *harness.Scene) { give(t, s.Bans, 0o600, 0, 0) }, "PROBLEM",
			"\n         sudo chgrp daemon $BANS\n         sudo chmod g+r $BANS\n",
		},
		"a closed folder": {
			func(t *testing.T, s *harness.Scene) {
				give(t, s.Bans, 0o644, 0, 0)
				give(t, s.Dir, 0o700, 0, 0)
			}, "PROBLEM", "\n         sudo chmod o+x $DIR\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newRightsScene(t)
			test.make(t, s)
			out, _, code := s.Run("check")
			want := strings.NewReplacer("$BANS", s.Bans, "$DIR", s.Dir).Replace(test.says)
			if !strings.Contains(strings.Join(found(out, test.kind), "\n"), "source web1") || !strings.Contains(out, want) ||
				(code == 0) != (test.kind == "ok") {
				t.Errorf("code %d, want %q in\n%s", code, want, out)
			}
		})
	}
}

func TestCheckByRootIsAboutTheBotsToken(t *testing.T) {
	both := harness.OnLoopback(t)
	s := newRightsScene(t)
	give(t, s.Bans, 0o644, 0, 0)
	token := filepath.Join(s.Dir, "telegram")
	s.Write(token, []byte("7:CANARY-a-token-that-is-long-enough-0123"))
	s.Write(s.Config, []byte(s.ReadConfig()+fmt.Sprintf(
		"[telegram]\napi = %q\nchats = [7]\nusers = [7]\ntoken_file = %q\n", both.Telegram.URL(), token)))
	out, _, code := s.Run("check")
	want := "PROBLEM  rights: " + token + ": the bot's user daemon may not read it\n" +
		"         It is for the bot alone: sudo chown daemon " + token + "\n"
	if code != 1 || !strings.Contains(out, want) {
		t.Errorf("code %d, want %q in\n%s", code, want, out)
	}
	give(t, token, 0o600, 1, 1)
	if out, _, _ := s.Run("check"); strings.Contains(out, "rights:") {
		t.Errorf("it is the bot's now:\n%s", out)
	}
}

// as runs check as another user, with a copy of the program that he may run.
func as(t *testing.T, s *harness.Scene, uid uint32, args ...string) (out string, code int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(s.Dir, "friendlyfire")
	if _, err := os.Stat(program); err != nil {
		if err := exec.Command("cp", self, program).Run(); err != nil {
			t.Fatal(err)
		}
		give(t, program, 0o755, 0, 0)
	}
	s.Program = program
	give(t, s.Config, 0o644, 0, 0)
	cmd := s.Command(t.Context(), args...)
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	_ = cmd.Run() // its code tells
	return b.String(), cmd.ProcessState.ExitCode()
}

// The bot's user and a stranger are told what to type, too.
func TestCheckSaysWhatToTypeToWhoeverRunsIt(t *testing.T) {
	const daemon, adm, stranger = 1, 4, 12345
	s := newRightsScene(t)
	give(t, s.Bans, 0o640, 0, adm)
	out, code := as(t, s, daemon, "check")
	if code != exitConfig || !strings.Contains(out, "\nsudo usermod -aG adm daemon\n") {
		t.Errorf("the bot: code %d: %s", code, out)
	}
	out, code = as(t, s, stranger, "check")
	if want := "sudo -u daemon friendlyfire --config " + s.Config + " check\n"; code != exitConfig || !strings.Contains(out, want) {
		t.Errorf("a stranger: code %d, want %q in\n%s", code, want, out)
	}
	token := filepath.Join(s.Dir, "telegram")
	s.Write(token, []byte("7:CANARY-a-token-that-is-long-enough-0123"))
	s.Write(s.Config, []byte(s.ReadConfig()+fmt.Sprintf("[telegram]\nchats = [7]\ntoken_file = %q\n", token)))
	out, code = as(t, s, stranger, "check")
	if want := "sudo -u daemon friendlyfire --config " + s.Config + " check\n"; code != exitConfig || !strings.Contains(out, want) {
		t.Errorf("a stranger, with a token: code %d, want %q in\n%s", code, want, out)
	}
}

// After a rotation the last ban is in the file before, and the next one makes the file anew.
func TestCheckIsContentWithTheRotatedFile(t *testing.T) {
	for name, test := range map[string]struct {
		now  string // what the file holds; "-": there is none
		age  time.Duration
		kind string
	}{
		"there is no file yet":  {"-", time.Minute, "ok"},
		"the new file is empty": {"", time.Minute, "ok"},
		"it stopped long ago":   {"-", 30 * 24 * time.Hour, "PROBLEM"},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.NewScene(t, harness.TableOnly)
			at := time.Now().Add(-test.age)
			s.Write(s.Bans+".1", []byte("DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES\n"+
				harness.BanRow(at, harness.Belgian, "sshd", "")))
			if err := os.Chtimes(s.Bans+".1", at, at); err != nil {
				t.Fatal(err)
			}
			s.Write(s.Bans, []byte(test.now))
			if test.now == "-" {
				if err := os.Remove(s.Bans); err != nil {
					t.Fatal(err)
				}
			}
			out, _, code := s.Run("check")
			if !slices.Contains(found(out, test.kind), "source web1") || (code == 0) != (test.kind == "ok") ||
				test.kind == "ok" && !strings.Contains(out, ", in "+s.Bans+".1\n") {
				t.Errorf("code %d: %s", code, out)
			}
		})
	}
}

// From a directory that the bot's user may not enter, such as root's home, its configuration is found all the same.
func TestConfigurationIsFoundFromADirectoryThatIsClosed(t *testing.T) {
	s := newRightsScene(t)
	home := filepath.Join(s.Dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(home)
	var here, there bool
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread is another user's, and ends with this function
		if err = syscall.Setfsuid(1); err == nil {
			here, there = isHere("config.toml"), exists("config.toml")
		}
	}()
	<-done
	if err != nil || here || !there {
		t.Errorf("%v; a file in a closed directory: here %v, perhaps there %v", err, here, there)
	}
}
