package main

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// free returns a function that tells how many bytes of the database's disk an ordinary user may still fill.
func free(database string) func() (int64, error) {
	dir := filepath.Dir(database)
	return func() (int64, error) {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(dir, &fs); err != nil {
			return 0, fmt.Errorf("free space of %s: %w", dir, err)
		}
		return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:gosec,unconvert // no disk is that large; types differ by system
	}
}
