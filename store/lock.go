package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// InUseError reports a database that another process delivers from.
type InUseError struct{ Path string }

func (e *InUseError) Error() string { return e.Path + " is in use by another friendlyfire" }

// Reserve keeps other processes from reserving the file of the open database, whatever it is called there: by another
// path, a symbolic link, a hard link. They can still read and write it. It returns an *InUseError if another process
// was first. The reservation ends with Release, with Close, or with the process.
func (s *Store) Reserve() error { return reserve(s.path, s.file) }

// Release ends what Reserve began.
func (s *Store) Release() { release(s.file) }

// release gives up the lock. Closing alone would leave it while a process that is just being started still has the
// descriptor.
func release(f *os.File) {
	if reservable {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) //nolint:gosec // a descriptor fits
	}
}

// CheckReserved returns an *InUseError if another process has reserved the database at path. It must not be open in
// this one.
func CheckReserved(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // there is nothing to reserve, or to open it will fail
	}
	if err != nil {
		return err
	}
	err = reserve(path, f)
	release(f)
	return errors.Join(err, f.Close())
}

// reservable reports whether the locks of flock(2) and those of SQLite, which are of fcntl(2), are strangers to each
// other. They are on Linux; elsewhere they may collide, and only the lock file keeps a second bot away.
const reservable = runtime.GOOS == "linux"

func reserve(path string, f *os.File) error {
	if !reservable {
		return nil
	}
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor fits
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return &InUseError{Path: path}
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOLCK) {
		return fmt.Errorf("reserve %s: %w", path, err)
	}
	return nil
}
