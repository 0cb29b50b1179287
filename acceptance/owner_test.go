package acceptance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// What happens to the database in the last minute, between two looks at it, is noticed when the program stops.
func TestR34DatabaseThatIsLostInTheLastMinuteIsMended(t *testing.T) {
	tests := map[string]struct {
		damage func(database string) error
		report string // after the next start; "": none
		first  int    // alerts about the ban before the damage
		kept   int    // databases that were set aside
	}{
		"deleted": {os.Remove, "My database was deleted while I ran. ", 1, 0},
		"deleted, all of it": {func(database string) error {
			return errors.Join(os.Remove(database), os.Remove(database+"-wal"), os.Remove(database+"-shm"))
		}, "My database was deleted while I ran. ", 1, 0},
		"replaced": {func(database string) error {
			return os.Rename(filepath.Join(filepath.Dir(filepath.Dir(database)), "other.db"), database)
		}, "", 2, 1},
		"emptied": {
			func(database string) error { return os.Truncate(database, 0) },
			"My database was empty. ", 2, 1,
		},
		"broken header": {
			func(database string) error { return overwrite(database, 0, "garbage") },
			"My database had a broken header. ", 2, 1,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				other := harness.OpenStore(t, filepath.Join(s.Dir, "other.db"))
				if err := other.Close(); err != nil {
					t.Fatal(err)
				}
				stop := s.start()
				s.Ban("203.0.113.1")
				time.Sleep(3*time.Minute + 10*time.Second)
				if err := tc.damage(s.Database); err != nil {
					t.Fatal(err)
				}
				s.Ban("203.0.113.2")
				time.Sleep(10 * time.Second) // the next look would be half a minute later
				stop()
				stop = s.start()
				time.Sleep(10 * time.Minute)
				stop()
				if tc.report != "" {
					s.Want(t, map[string]int{tc.report: 1, "My database": 1})
				}
				s.Want(t, map[string]int{harness.Alert("203.0.113.1"): tc.first})
				if kept := setAside(t, s.Database); len(kept) != tc.kept {
					t.Errorf("kept: %q, want %d", kept, tc.kept)
				}
			}, everyMinute)
		})
	}
}

// A second bot is refused, whatever it calls the database of the first.
func TestR35OneDatabaseHasOneBot(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	p := s.Start()
	s.Ban("203.0.113.1")
	both.Await(t, harness.Alert("203.0.113.1"), 1)
	for name, another := range map[string]func(path string) error{
		"the same path":      func(string) error { return nil },
		"symbolic link":      func(path string) error { return os.Symlink(s.Database, path) },
		"hard link":          func(path string) error { return os.Link(s.Database, path) },
		"linked folder":      func(path string) error { return os.Symlink(filepath.Dir(s.Database), filepath.Dir(path)) },
		"deleted lock":       func(string) error { return os.Remove(s.Database + ".lock") },
		"deleted lock again": func(string) error { return os.RemoveAll(s.Database + ".lock") },
	} {
		second := harness.NewChatScene(t, both)
		path := s.Database
		if strings.Contains(name, "link") {
			path = filepath.Join(second.Dir, "other", filepath.Base(s.Database))
			if !strings.Contains(name, "folder") {
				if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := another(path); err != nil {
			t.Fatal(err)
		}
		second.Reconfigure(second.Database, path)
		_, stderr, code := second.Run("run", "--once")
		if code != 1 || !strings.Contains(stderr, "in use by another friendlyfire") {
			t.Errorf("%s: code %d, %q", name, code, stderr)
		}
	}
	s.Ban("203.0.113.2")
	both.Await(t, harness.Alert("203.0.113.2"), 1)
	p.Stop()
	both.Want(t, map[string]int{harness.AnyAlert(): 2})
}

// After a mend, what is read again may have been told before, whatever its time says; what comes later was not.
func TestR35WhatIsReadAgainAfterAMendMayRepeat(t *testing.T) {
	for name, lose := range map[string]func(database string) error{
		"copy":    os.Remove,
		"no copy": func(database string) error { return os.Truncate(database, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				stop := s.start()
				if name == "copy" {
					time.Sleep(2 * time.Minute)
					s.MustRun("backup", s.Database+".copy-1999-12-31")
				}
				s.Append(harness.BanRow(time.Now().Add(3*time.Hour), "203.0.113.1", "sshd", "")) // a zone that is wrong
				time.Sleep(2 * time.Minute)
				stop()
				if err := lose(s.Database); err != nil {
					t.Fatal(err)
				}
				stop = s.start()
				time.Sleep(5 * time.Minute)
				s.Append(harness.BanRow(time.Now().Add(3*time.Hour), "203.0.113.2", "sshd", ""))
				time.Sleep(5 * time.Minute)
				stop()
				s.Want(t, map[string]int{harness.Alert("203.0.113.1"): 2, harness.Alert("203.0.113.2"): 1})
				if !isMarked(s.Platforms, "203.0.113.1") {
					t.Error("the repeated alert is not marked")
				}
				if isMarked(s.Platforms, "203.0.113.2") {
					t.Error("the new alert is marked")
				}
			}, everyMinute)
		})
	}
}
