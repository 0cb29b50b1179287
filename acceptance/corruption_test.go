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
	"time"

	"friendlyfire/acceptance/harness"
)

// setAside are the damaged databases that were kept, without their -wal and -shm.
func setAside(t *testing.T, database string) (all []string) {
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

// awaitAllSent waits until the database has the outcome of every message.
func awaitAllSent(t *testing.T, database string) {
	t.Helper()
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	harness.Await(t, 30*time.Second, "every message has an outcome", func() bool {
		var open int
		err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM notices WHERE sent_at IS NULL").Scan(&open)
		if err != nil {
			t.Fatal(err)
		}
		return open == 0
	})
}

// isMarked reports whether an alert about the address came to Telegram with the mark of a possible repeat.
func isMarked(both harness.Platforms, address string) bool {
	for _, m := range both.Telegram.Messages() {
		if strings.Contains(m.Text, address) && harness.Repeats(m.Text) {
			return true
		}
	}
	return false
}

func TestR25DamagedDatabaseIsRestoredAtTheStartAndReported(t *testing.T) {
	t.Parallel() // it mostly waits for Telegram's limits
	tests := map[string]struct {
		copied bool // there is a copy to restore
		kill   bool // the bot is killed rather than stopped
		damage func(database string) error
		report string
	}{
		"broken header, copy": {
			true, false, func(database string) error { return overwrite(database, 0, "garbage") },
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
			true, true, func(database string) error {
				return overwrite(database, 4096, strings.Repeat("\xa5", 4*4096))
			},
			"My database was malformed. Its copy of ",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both := harness.OnLoopback(t)
			s := harness.NewChatScene(t, both)
			now := time.Now()

			p := s.Start()
			s.Append(harness.BanRow(now, "203.0.113.1", "sshd", ""))
			both.Await(t, harness.Alert("203.0.113.1"), 1)
			if tc.copied { // while the bot runs
				awaitAllSent(t, s.Database)
				file := s.Database + ".copy-" + now.Add(-24*time.Hour).Format(time.DateOnly)
				if out := s.MustRun("backup", file); !strings.HasPrefix(out, file+": ") {
					t.Fatalf("backup printed %q", out)
				}
			}
			s.Append(harness.BanRow(now, "203.0.113.2", "sshd", ""))
			both.Await(t, harness.Alert("203.0.113.2"), 1)
			if tc.kill {
				p.Kill()
			} else {
				p.Stop()
			}

			var old strings.Builder
			for i := range 1000 {
				at := now.Add(-time.Duration(2000+i) * time.Minute)
				old.WriteString(harness.BanRow(at, fmt.Sprintf("203.0.113.%d", 100+i%100), "sshd", ""))
			}
			s.Append(old.String())
			s.Append(harness.BanRow(now, "203.0.113.3", "sshd", ""))
			if err := tc.damage(s.Database); err != nil {
				t.Fatal(err)
			}
			before, gone := os.ReadFile(s.Database)

			p = s.Start()
			both.Await(t, tc.report, 1)
			const summary = "Read 1\u202f000 bans"
			both.Await(t, summary, 1)
			both.Await(t, harness.Alert("203.0.113.3"), 1)
			p.Stop()
			p = s.Start()
			s.Ban("203.0.113.4")
			both.Await(t, harness.Alert("203.0.113.4"), 1)
			p.Stop()
			first := map[bool]int{true: 1, false: 2}[tc.copied] // the copy knows the first ban
			both.Want(t, map[string]int{
				"My database": 1, summary: 1,
				harness.Alert("203.0.113.1"): first, harness.Alert("203.0.113.2"): 2, harness.Alert("203.0.113.3"): 1,
				harness.AnyAlert(): 4 + first, // none of the old bans
			})
			if !isMarked(both, "203.0.113.2") {
				t.Error("the repeated alert is not marked as a possible repeat")
			}
			kept := setAside(t, s.Database)
			if gone == nil && len(kept) != 1 || gone != nil && len(kept) != 0 {
				t.Fatalf("kept: %q", kept)
			}
			if gone == nil {
				after, err := os.ReadFile(kept[0])
				if err != nil || !tc.kill && !bytes.Equal(before, after) {
					t.Errorf("%s is not what the database was: %v", kept[0], err)
				}
				where := "The old one is kept beside it for seven days: " + filepath.Base(kept[0])
				both.Want(t, map[string]int{where: 1})
			}
			harness.Reached(t,
				"set aside, restored and reported once in 3 chats; 0 alerts about 1,000 old bans, one summary per chat")
		})
	}
}

// overwrite writes the text over a part of the file.
func overwrite(path string, at int64, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(text), at)
	return errors.Join(err, f.Close())
}

func TestR25DamageIsNoticedWhileRunning(t *testing.T) {
	const rewritten = "My database was deleted while I ran. " +
		"I have written it again from what I had open: nothing is missing."
	tests := map[string]struct {
		damage func(t *testing.T, database string) error
		report string
		first  int // alerts about the ban before the damage
		kept   int // damaged databases
	}{
		"deleted": {
			func(_ *testing.T, database string) error { return os.Remove(database) },
			rewritten, 1, 0,
		},
		"deleted, all of it": {func(_ *testing.T, database string) error {
			return errors.Join(os.Remove(database), os.Remove(database+"-wal"), os.Remove(database+"-shm"))
		}, rewritten, 1, 0},
		"emptied": {
			func(_ *testing.T, database string) error { return os.Truncate(database, 0) },
			"My database was empty. There was no good copy", 2, 1,
		},
		"broken header": {
			func(_ *testing.T, database string) error { return overwrite(database, 0, "garbage") },
			"My database had a broken header. There was no good copy", 2, 1,
		},
		// This goes unnoticed until the bot reads one of these pages.
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
			return overwrite(database, 4096, strings.Repeat("\xa5", int(info.Size())-4096))
		}, "My database was malformed. There was no good copy", 2, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				stop := s.start()
				s.Ban("203.0.113.1")
				time.Sleep(time.Minute)
				if err := tc.damage(t, s.Database); err != nil {
					t.Error(err)
				}
				for range 5 {
					time.Sleep(time.Minute)
					s.Ban("203.0.113.2")
				}
				time.Sleep(time.Minute)
				stop()
				s.Want(t, map[string]int{tc.report: 1, "My database": 1, harness.Alert("203.0.113.1"): tc.first})
				if n := s.Mentions(harness.Alert("203.0.113.2"))["42"]; n < 5 {
					t.Errorf("%d alerts about the 5 bans that followed", n)
				}
				if kept := setAside(t, s.Database); len(kept) != tc.kept {
					t.Errorf("kept: %q", kept)
				}
			})
		})
	}
}

func TestR25ReadOnlyDatabaseIsNotDamaged(t *testing.T) {
	tests := map[string]struct {
		path string
		mode fs.FileMode
	}{
		"file":      {"state/friendlyfire.db", 0o400},
		"directory": {"state", 0o500},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := harness.NewSampleScene(t, inStateFolder)
			state := filepath.Dir(s.Database)
			s.MustRun("run", "--once")
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
			const says = "friendlyfire.db cannot be written: permission denied. " +
				"The file and its directory must belong to"
			if cmd.ProcessState.ExitCode() != 1 || strings.Count(string(output), "\n") != 1 ||
				!strings.Contains(string(output), says) {
				t.Errorf("%v: %s", err, output)
			}
			after, err := filepath.Glob(state + "/*")
			if err != nil || strings.Join(before, " ") != strings.Join(after, " ") {
				t.Errorf("before %q, after %q, %v", before, after, err)
			}
		})
	}
}

// inStateFolder puts the database into a folder of its own.
var inStateFolder = harness.Change{"$DIR/friendlyfire.db", "$DIR/state/friendlyfire.db"}

// becomeNobody makes a user without rights the owner of the scene, and lets the command run as that user.
func becomeNobody(t *testing.T, s *harness.Scene, cmd *exec.Cmd) {
	t.Helper()
	const nobody = 65534
	program := filepath.Join(s.Dir, "friendlyfire")
	binary, err := os.ReadFile(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, binary, 0o700); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	cmd.Path, cmd.SysProcAttr = program, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	err = filepath.WalkDir(s.Dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(s.Dir), 0o711); err != nil { // the folder above those of the test
		t.Fatal(err)
	}
}
