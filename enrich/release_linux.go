package enrich

import (
	"os"
	"syscall"
	"unsafe"
)

// Release lets go of what lookups have read of the built-in table, which is 4 MB after an import of many countries. The
// system keeps it in its cache of files, where the next lookup finds it, and counts it no longer as the program's.
//
// What is let go must be whole pages of the table: nothing has ever written to those, and they come back from the
// program's file as they were. The first and the last page hold variables, too.
func (t *Table) Release() error {
	page := os.Getpagesize()
	before := -int(uintptr(unsafe.Pointer(unsafe.SliceData(builtIn)))) & (page - 1)
	whole := builtIn[before:]
	return os.NewSyscallError("madvise", syscall.Madvise(whole[:len(whole)&^(page-1)], syscall.MADV_DONTNEED))
}
