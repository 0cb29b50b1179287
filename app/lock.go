package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Lock keeps a second bot from delivering out of the same database, from before that is opened. The lock ends with
// unlock or with the process. Somebody may delete the lock file or reach the database by a hard link: whoever delivers
// therefore reserves the open database, too.
func Lock(database string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(database), 0o700); err != nil {
		return nil, err
	}
	name := lockFile(database)
	_, missing := os.Stat(name)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, store.ReadOnly(database, err)
	}
	if missing != nil {
		store.OwnedLikeDirectory(name)
	}
	if unlock = lock(f); unlock == nil {
		return nil, &store.InUseError{Path: database}
	}
	return unlock, nil
}

// LockToPair keeps the bot from starting while it is being paired; its error says that one is running already. It makes
// no lock file: the person who pairs may be another user than the bot's, and the bot could not open that file.
func LockToPair(database string) (unlock func(), err error) {
	f, err := os.OpenFile(lockFile(database), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return func() {}, nil // if a bot is running, the platform will say so
	}
	if err != nil {
		return nil, err
	}
	if unlock = lock(f); unlock == nil {
		return nil, errors.New("the bot is running, and what is said to it would not come here. " + msg.StopFirst)
	}
	return unlock, nil
}

// lockFile lies beside the database itself, wherever a symbolic link to it may be.
func lockFile(database string) string {
	if path, err := filepath.EvalSymlinks(database); err == nil {
		database = path
	}
	return database + ".lock"
}

// lock locks the file. Where another process holds the lock, it closes the file and returns nil.
func lock(f *os.File) (unlock func()) {
	descriptor := int(f.Fd()) //nolint:gosec // a descriptor fits
	if err := syscall.Flock(descriptor, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil
	}
	return func() {
		// Closing alone would leave it locked while a process that is just being started still has the descriptor.
		_ = syscall.Flock(descriptor, syscall.LOCK_UN)
		f.Close()
	}
}
