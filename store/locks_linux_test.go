package store

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// isLocked reports whether SQLite holds its shared lock on the database: https://www.sqlite.org/lockingv3.html
func isLocked(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // which takes the lock
	const (
		ofdGetLock  = 36 // F_OFD_GETLK, fcntl(2): such a lock is nobody's in particular, and collides with our own
		sharedFirst = 0x40000000 + 2
		sharedSize  = 510
	)
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: sharedFirst, Len: sharedSize}
	if err := syscall.FcntlFlock(f.Fd(), ofdGetLock, &lock); err != nil {
		t.Fatal(err)
	}
	return lock.Type != syscall.F_UNLCK
}

// Without SQLite's lock, the next command that reads the database and ends takes the write-ahead log with it, and what
// the bot writes from then on is lost.
func TestR34LookingAtTheDatabaseLeavesItLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "friendlyfire.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Present(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !isLocked(t, path) {
		t.Error("the database is not locked any more")
	}
}
