//go:build !linux

package app

// releaseProgram does nothing on systems other than Linux.
func releaseProgram() error { return nil }
