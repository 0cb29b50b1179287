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

// Whatever the umask, nobody but the owner can read what the program writes.
func TestS15StateIsPrivate(t *testing.T) {
	t.Parallel()
	files := map[string]bool{}
	check := func(s *harness.Scene, dir string) {
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
	loose := func(commands string) []string {
		return append([]string{"sh", "-c", `umask 000; exec "$@"`, "sh"}, typing(commands)...)
	}

	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	s.Wrapper = loose("")
	p := s.Start()
	s.Ban(harness.Belgian)
	both.Await(t, harness.Alert(harness.Belgian), 1)
	check(s, filepath.Dir(s.Database))
	p.Stop()
	check(s, filepath.Dir(s.Database))

	// In the terminal, pictures become files as well.
	s = harness.NewScene(t, harness.TableOnly, inStateFolder)
	s.Ban(harness.Belgian)
	s.Wrapper = loose("")
	s.MustRun("run", "--once")
	s.Wrapper = loose("/report jail")
	p = s.Start()
	picture := filepath.Join(filepath.Dir(s.Database), "report.png")
	harness.Await(t, time.Minute, "a picture", func() bool { return harness.FileSize(picture) > 0 })
	check(s, filepath.Dir(s.Database))
	p.Stop()
	out := filepath.Join(s.Dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.png", "report.svg"} {
		s.MustRun("report", "--out", filepath.Join(out, name))
	}
	check(s, out)
	for _, name := range []string{
		"friendlyfire.db", "friendlyfire.db-wal", "friendlyfire.db-shm", "friendlyfire.db.lock",
		"report.png", "report.svg",
	} {
		if !files[name] {
			t.Errorf("%s was not there to be checked", name)
		}
	}
	harness.Reached(t, "umask 000: directories 0700, files 0600: %s",
		strings.Join(slices.Sorted(maps.Keys(files)), ", "))
}
