package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Lock keeps a second bot from delivering out of the same database. It falls with the process.
func Lock(database string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(database), 0o700); err != nil {
		return nil, err
	}
	_, missing := os.Stat(lockFile(database))
	f, err := os.OpenFile(lockFile(database), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, store.ReadOnly(database, err)
	}
	if missing != nil {
		store.OwnedLikeDirectory(f.Name())
	}
	if unlock = lock(f); unlock == nil {
		return nil, fmt.Errorf("%s is in use by another friendlyfire", database)
	}
	return unlock, nil
}

// LockToPair keeps a bot from running while it is being paired, and says so when one does. It makes no file: whoever
// pairs may be another user than the one who runs the bot.
func LockToPair(database string) (unlock func(), err error) {
	f, err := os.OpenFile(lockFile(database), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return func() {}, nil // the platform will tell
	}
	if err != nil {
		return nil, err
	}
	if unlock = lock(f); unlock == nil {
		return nil, errors.New("the bot is running, and what is said to it would not come here. " + msg.StopFirst)
	}
	return unlock, nil
}

func lockFile(database string) string { return database + ".lock" }

// lock locks the file; it closes it and returns nil where another process holds the lock.
func lock(f *os.File) (unlock func()) {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor fits
		f.Close()
		return nil
	}
	return func() {
		// Closing alone leaves it locked for as long as a process that is just being started has the descriptor, too.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) //nolint:gosec // a descriptor fits
		f.Close()
	}
}
