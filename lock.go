package main

import (
	"fmt"
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
