package enrich

import (
	"os"
	"syscall"
	"unsafe"
)

// Release releases the memory of the built-in table that lookups have read, which is 10 MB after an import of many
// networks. It stays in the system's page cache, where the next lookup finds it, but no longer counts as the
// program's.
//
// Only whole pages of the table may be released: nothing ever writes to them, and they are read from the program's file
// again. The first and the last page may hold variables, too.
func (t *Table) Release() error {
	page := os.Getpagesize()
	before := -int(uintptr(unsafe.Pointer(unsafe.SliceData(builtIn)))) & (page - 1)
	whole := builtIn[before:]
	return os.NewSyscallError("madvise", syscall.Madvise(whole[:len(whole)&^(page-1)], syscall.MADV_DONTNEED))
}
