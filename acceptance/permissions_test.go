//go:build unix

package acceptance

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// Whatever the umask, nobody but its owner reads what the program writes.
func TestS15StateIsPrivate(t *testing.T) {
	t.Parallel()
	files := map[string]bool{}
	look := func(s *harness.Scene, dir string) {
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
				t.Errorf("%s has mode %v, want %v", strings.TrimPrefix(path, s.Dir), info.Mode(), want)
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

	both := harness.OnLoopback(t)
	s := harness.NewQuietScene(t, both)
	s.Under = loose("")
	p := s.Start()
	s.Append(harness.BanRow(time.Now(), harness.Belgian, "sshd", ""))
	both.Await(t, harness.Alert(harness.Belgian), 1)
	look(s, filepath.Join(s.Dir, "state"))
	p.Stop()
	look(s, filepath.Join(s.Dir, "state"))

	// In the terminal pictures become files as well.
	config, _, _ := strings.Cut(harness.WithBoth, "[telegram]")
	s = harness.NewScene(t, harness.Quiet.Replace(config))
	s.Append(harness.BanRow(time.Now(), harness.Belgian, "sshd", ""))
	s.Under = loose("")
	if _, errs, code := s.Run("run", "--once"); code != 0 {
		t.Fatal(errs)
	}
	s.Under = loose("/report")
	p = s.Start()
	harness.Await(t, 20*time.Second, "a picture", func() bool { return harness.FileSize(s.Dir, "state", "report.png") > 0 })
	look(s, filepath.Join(s.Dir, "state"))
	p.Stop()
	out := filepath.Join(s.Dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.png", "report.svg"} {
		if _, errs, code := s.Run("report", "--out", filepath.Join(out, name)); code != 0 {
			t.Error(errs)
		}
	}
	look(s, out)
	for _, name := range []string{"friendlyfire.db", "friendlyfire.db-wal", "friendlyfire.db-shm", "friendlyfire.db.lock", "report.png", "report.svg"} {
		if !files[name] {
			t.Errorf("%s was not there to be looked at", name)
		}
	}
	harness.Reached(t, "umask 000: directories 0700, files 0600: %s", strings.Join(slices.Sorted(maps.Keys(files)), ", "))
}
