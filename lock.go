package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"friendlyfire/store"
)

// lock keeps a second bot from delivering out of the same database. It falls with the process.
func lock(database string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(database), 0o700); err != nil {
		return nil, err
	}
	_, missing := os.Stat(database + ".lock")
	f, err := os.OpenFile(database+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, store.ReadOnly(database, err)
	}
	if missing != nil {
		ownedLikeDirectory(f.Name())
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor fits
		f.Close()
		return nil, fmt.Errorf("%s is in use by another friendlyfire", database)
	}
	return func() {
		// Closing alone leaves it locked for as long as a process that is just being started has the descriptor, too.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) //nolint:gosec // a descriptor fits
		f.Close()
	}, nil
}

// holdDatabase keeps a bot from running meanwhile, and says so when one does. It makes no file: whoever pairs may be
// another user than the one who runs the bot.
func holdDatabase(database string) (release func(), err error) {
	f, err := os.OpenFile(database+".lock", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return func() {}, nil // the platform will tell
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor fits
		f.Close()
		return nil, errors.New("the bot is running, and what is said to it would not come here. " + stopFirst)
	}
	return func() {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) //nolint:gosec // a descriptor fits
		f.Close()
	}, nil
}

const stopFirst = "Stop it (systemctl stop friendlyfire, or Ctrl-C where it runs), pair, and start it again"
