//go:build !linux

package store

import "os"

// flush waits until the file's content is on the disk.
func flush(f *os.File) error { return f.Sync() }
