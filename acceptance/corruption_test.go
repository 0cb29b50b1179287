package acceptance

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// shattered is a scene with both platforms, whose database is called what.
func shattered(t *testing.T, both harness.Platforms) (s *harness.Scene, database string) {
	t.Helper()
	s = harness.NewScene(t, strings.Replace(both.Config(), `at = "00:00"`, `at = ""`, 1))
	s.Env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
	return s, filepath.Join(s.Dir, "state", "friendlyfire.db")
}

// asides are what is kept of damaged databases, -wal and -shm left out.
func asides(t *testing.T, database string) (all []string) {
	t.Helper()
	names, err := filepath.Glob(database + ".damaged-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "Z") {
			all = append(all, name)
		}
	}
	return all
}

// awaitSettled waits until the outcome of every message is kept.
func awaitSettled(t *testing.T, database string) {
	t.Helper()
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var open int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM notices WHERE sent_at IS NULL").Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
	}
	t.Fatal("messages are still under way")
}

func isMarked(both harness.Platforms, what string) bool {
	for _, m := range both.Telegram.Messages() {
		if strings.Contains(m.Text, what) && strings.HasPrefix(m.Text, "(may repeat) ") {
			return true
		}
	}
	return false
}

func TestR25ADamagedDatabaseIsMendedAtTheStartAndToldOf(t *testing.T) {
	t.Parallel() // most of it is waiting for Telegram's limits
	tests := map[string]struct {
		copied bool // there is a copy
		kill   bool // the bot, rather than stop it
		damage func(database string) error
		says   string
	}{
		"broken header, copy": {
			true, false, func(database string) error { return scribble(database, 0, "garbage") },
			"My database had a broken header. Its copy of ",
		},
		"0 bytes, no copy": {
			false, true, func(database string) error { return os.Truncate(database, 0) },
			"My database was empty. There was no good copy, so it begins anew",
		},
		"deleted, copy": {
			true, true, os.Remove,
			"My database was gone. Its copy of ",
		},
		"broken pages after a kill, copy": {
			true, true, func(database string) error { return scribble(database, 4096, strings.Repeat("\xa5", 4*4096)) },
			"My database was malformed. Its copy of ",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both := harness.OnLoopback(t)
			s, database := shattered(t, both)
			now := time.Now()

			p := s.Start()
			s.Append(harness.BanRow(now, "203.0.113.1", "sshd", ""))
			both.Await(t, harness.Alert("203.0.113.1"), 1)
			if tc.copied { // while the bot runs
				awaitSettled(t, database)
				file := database + ".copy-" + now.Add(-24*time.Hour).Format(time.DateOnly)
				if out, stderr, code := s.Run("backup", file); code != 0 || !strings.HasPrefix(out, file+": ") {
					t.Fatalf("code %d, %q, %q", code, out, stderr)
				}
			}
			s.Append(harness.BanRow(now, "203.0.113.2", "sshd", ""))
			both.Await(t, harness.Alert("203.0.113.2"), 1)
			if tc.kill {
				p.Cmd.Process.Kill()
				p.Cmd.Wait()
			} else {
				p.Stop()
			}

			var old strings.Builder
			for i := range 1000 {
				old.WriteString(harness.BanRow(now.Add(-time.Duration(2000+i)*time.Minute), fmt.Sprintf("203.0.113.%d", 100+i%100), "sshd", ""))
			}
			s.Append(old.String())
			s.Append(harness.BanRow(now, "203.0.113.3", "sshd", ""))
			if err := tc.damage(database); err != nil {
				t.Fatal(err)
			}
			before, gone := os.ReadFile(database)

			p = s.Start()
			both.Await(t, tc.says, 1)
			both.Await(t, "Imported 1,000 bans of ", 1)
			both.Await(t, harness.Alert("203.0.113.3"), 1)
			p.Stop()
			p = s.Start()
			s.Append(harness.BanRow(time.Now(), "203.0.113.4", "sshd", ""))
			both.Await(t, harness.Alert("203.0.113.4"), 1)
			p.Stop()
			again := map[bool]int{true: 1, false: 2}[tc.copied]
			for what, times := range map[string]int{
				"My database ": 1, "Imported ": 1, harness.Alert("203.0.113.1"): again, harness.Alert("203.0.113.2"): 2, harness.Alert("203.0.113.3"): 1,
				harness.AnyAlert(): 4 + again, // none of the old ones
			} {
				if !both.Everywhere(what, times) {
					t.Errorf("told of %q: %v, want %d times in each chat", what, both.Mentions(what), times)
				}
			}
			if !isMarked(both, "203.0.113.2") {
				t.Error("what comes again does not say that it may repeat")
			}
			kept := asides(t, database)
			if gone == nil && len(kept) != 1 || gone != nil && len(kept) != 0 {
				t.Fatalf("kept: %q", kept)
			}
			if gone == nil {
				after, err := os.ReadFile(kept[0])
				if err != nil || !tc.kill && !bytes.Equal(before, after) {
					t.Errorf("%s is not what the database was: %v", kept[0], err)
				}
				if !both.Everywhere("The old one is kept beside it for seven days: "+filepath.Base(kept[0]), 1) {
					t.Error("not told where the old one is")
				}
			}
			t.Attr("reached", "kept aside, mended and told of once in 3 chats; 0 alerts of 1,000 old bans, one summary per chat")
		})
	}
}

func scribble(path string, at int64, what string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(what), at)
	return errors.Join(err, f.Close())
}

func TestR25DamageIsNoticedWhileRunning(t *testing.T) {
	tests := map[string]struct {
		damage func(t *testing.T, database string) error
		says   string
		again  int // how often an earlier alert is told
		kept   int
	}{
		"deleted": {
			func(_ *testing.T, database string) error { return os.Remove(database) },
			"My database was deleted while I ran. I have written it again from what I had open: nothing is missing.", 1, 0,
		},
		"deleted, all of it": {func(_ *testing.T, database string) error {
			return errors.Join(os.Remove(database), os.Remove(database+"-wal"), os.Remove(database+"-shm"))
		}, "My database was deleted while I ran. I have written it again from what I had open: nothing is missing.", 1, 0},
		"emptied": {
			func(_ *testing.T, database string) error { return os.Truncate(database, 0) },
			"My database was empty. There was no good copy", 2, 1,
		},
		"broken header": {
			func(_ *testing.T, database string) error { return scribble(database, 0, "garbage") },
			"My database had a broken header. There was no good copy", 2, 1,
		},
		// Nobody sees these pages until something is looked for in them.
		"broken pages": {func(t *testing.T, database string) error {
			db, err := sql.Open("sqlite", database)
			if err != nil {
				return err
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
				return err
			}
			info, err := os.Stat(database)
			if err != nil {
				return err
			}
			return scribble(database, 4096, strings.Repeat("\xa5", int(info.Size())-4096))
		}, "My database was malformed. There was no good copy", 2, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("FRIENDLYFIRE_TELEGRAM_TOKEN", telegramtest.Token)
			t.Setenv("FRIENDLYFIRE_DISCORD_TOKEN", discordtest.Token)
			synctest.Test(t, func(t *testing.T) {
				both := harness.InMemory(t)
				s, database := shattered(t, both)
				p := startInProcess(s, both.Dial)
				s.Append(harness.BanRow(time.Now(), "203.0.113.1", "sshd", ""))
				time.Sleep(time.Minute)
				if err := tc.damage(t, database); err != nil {
					t.Error(err)
				}
				for range 5 {
					time.Sleep(time.Minute)
					s.Append(harness.BanRow(time.Now(), "203.0.113.2", "sshd", ""))
				}
				time.Sleep(time.Minute)
				p.stop()
				for what, times := range map[string]int{
					tc.says: 1, "My database": 1, harness.Alert("203.0.113.1"): tc.again,
				} {
					if !both.Everywhere(what, times) {
						t.Errorf("told of %q: %v, want %d times in each chat", what, both.Mentions(what), times)
					}
				}
				if n := both.Mentions(harness.Alert("203.0.113.2"))["42"]; n < 5 {
					t.Errorf("told of %d bans of 5 that followed", n)
				}
				if kept := asides(t, database); len(kept) != tc.kept {
					t.Errorf("kept: %q", kept)
				}
			})
		})
	}
}

func TestR25AReadOnlyDatabaseIsNoDamage(t *testing.T) {
	tests := map[string]struct {
		path string
		mode fs.FileMode
	}{
		"file":      {"state/friendlyfire.db", 0o400},
		"directory": {"state", 0o500},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := harness.Sampled(t)
			config, err := os.ReadFile(s.Config)
			if err != nil {
				t.Fatal(err)
			}
			state := filepath.Join(s.Dir, "state")
			if err := os.WriteFile(s.Config, bytes.Replace(config, []byte(s.Dir+"/friendlyfire.db"), []byte(state+"/friendlyfire.db"), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, stderr, code := s.Run("run", "--once"); code != 0 {
				t.Fatalf("code %d: %s", code, stderr)
			}
			before, err := filepath.Glob(state + "/*")
			if err != nil {
				t.Fatal(err)
			}
			cmd := s.Command(t.Context(), "run", "--once")
			if os.Geteuid() == 0 { // nothing is read-only to root
				becomeNobody(t, s, cmd)
			}
			if err := os.Chmod(filepath.Join(s.Dir, tc.path), tc.mode); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(state, 0o700)
			output, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 1 || strings.Count(string(output), "\n") != 1 ||
				!strings.Contains(string(output), "friendlyfire.db cannot be written: permission denied. The file and its directory must belong to") {
				t.Errorf("%v: %s", err, output)
			}
			after, err := filepath.Glob(state + "/*")
			if err != nil || strings.Join(before, " ") != strings.Join(after, " ") {
				t.Errorf("before %q, after %q, %v", before, after, err)
			}
		})
	}
}

// becomeNobody makes the command one of a user without rights, to whom the scene belongs.
func becomeNobody(t *testing.T, s *harness.Scene, cmd *exec.Cmd) {
	t.Helper()
	const nobody = 65534
	program := filepath.Join(s.Dir, "friendlyfire")
	binary, err := os.ReadFile(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, binary, 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	cmd.Path, cmd.SysProcAttr = program, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	err = filepath.WalkDir(s.Dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(s.Dir), 0o711); err != nil { // of all folders of this test
		t.Fatal(err)
	}
}
