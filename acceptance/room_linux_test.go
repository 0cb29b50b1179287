package acceptance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// smallDisk mounts a disk of 4 MB at the folder.
func smallDisk(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m,mode=0700"); err != nil {
		t.Skip("this machine mounts no disk for a test: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// fillDisk takes all room of the disk that holds the file.
func fillDisk(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func TestR24StartOnAFullDiskWaitsForRoom(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(s *harness.Scene){
		"first start":    func(*harness.Scene) {},
		"stopped before": func(s *harness.Scene) { s.MustRun("run", "--once") },
		"damaged": func(s *harness.Scene) {
			s.MustRun("run", "--once")
			if err := os.Truncate(s.Database, 0); err != nil {
				s.T.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both := harness.OnLoopback(t)
			s := harness.NewChatScene(t, both)
			state := filepath.Dir(s.Database)
			smallDisk(t, state)
			prepare(s)
			filler := filepath.Join(state, "filler")
			fillDisk(t, filler)

			p := s.Start()
			const says = "the disk is full: the bot starts as soon as there is room"
			harness.Await(t, time.Minute, says, func() bool { return strings.Contains(p.Text(), says) })
			s.Ban("203.0.113.1")
			time.Sleep(1500 * time.Millisecond)
			if p.Cmd.ProcessState != nil || !both.Exactly(harness.AnyAlert(), 0) || strings.Count(p.Text(), says) != 1 {
				t.Fatalf("%v, %v:\n%s", p.Cmd.ProcessState, both.Posts(), p.Text())
			}
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			both.Await(t, harness.Alert("203.0.113.1"), 1)
			both.Await(t, "The disk was full from ", 1)
			p.Stop()
		})
	}
}
