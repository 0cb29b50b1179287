//go:build unix

package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever the umask, nobody but its owner reads what the program writes.
func TestS15StateIsPrivate(t *testing.T) {
	t.Parallel()
	files := map[string]bool{}
	look := func(s *scene, dir string) {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = fs.ModeDir | 0o700
			} else {
				files[filepath.Base(path)] = true
			}
			if info.Mode() != want {
				t.Errorf("%s has mode %v, want %v", strings.TrimPrefix(path, s.dir), info.Mode(), want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	loose := func(input string) []string {
		return []string{"sh", "-c", "umask 000; exec \"$@\" <<'END'\n" + input + "\nEND", "sh"}
	}

	both := onLoopback(t)
	s := newQuietScene(t, both)
	s.under = loose("")
	p := s.start()
	s.append(ban(time.Now(), belgian, "sshd", ""))
	both.await(t, "banned: "+belgian+"\n", 1)
	look(s, filepath.Join(s.dir, "state"))
	p.stop()
	look(s, filepath.Join(s.dir, "state"))

	// In the terminal pictures become files as well.
	config, _, _ := strings.Cut(withBoth, "[telegram]")
	s = newScene(t, quiet.Replace(config))
	s.append(ban(time.Now(), belgian, "sshd", ""))
	s.under = loose("")
	if _, errs, code := s.run("run", "--once"); code != exitDone {
		t.Fatal(errs)
	}
	s.under = loose("/report")
	p = s.start()
	await(t, 20*time.Second, "a picture", func() bool { return fileSize(s.dir, "state", "report.png") > 0 })
	look(s, filepath.Join(s.dir, "state"))
	p.stop()
	out := filepath.Join(s.dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.png", "report.svg"} {
		if _, errs, code := s.run("report", "--out", filepath.Join(out, name)); code != exitDone {
			t.Error(errs)
		}
	}
	look(s, out)
	for _, name := range []string{"friendlyfire.db", "friendlyfire.db-wal", "friendlyfire.db-shm", "friendlyfire.db.lock", "report.png", "report.svg"} {
		if !files[name] {
			t.Errorf("%s was not there to be looked at", name)
		}
	}
	reached(t, "umask 000: directories 0700, files 0600: %s", strings.Join(slices.Sorted(maps.Keys(files)), ", "))
}
