package store

import (
	"os"
	"syscall"
)

// flush waits until the file's content is on the disk, and its length.
func flush(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR { //nolint:gosec // a descriptor fits
			return err
		}
	}
}
