//go:build !linux

package enrich

// Release does nothing on systems other than Linux.
func (t *Table) Release() error { return nil }
