package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// ownedLikeDirectory gives a file that root has made to the owner of its directory: commands may be run by root before the
// bot runs as that user. It is for files alone that are new, and a failure shows when the bot starts.
func ownedLikeDirectory(path string) {
	var dir syscall.Stat_t
	if os.Geteuid() != 0 || syscall.Stat(filepath.Dir(path), &dir) != nil || dir.Uid == 0 {
		return
	}
	_ = os.Lchown(path, int(dir.Uid), int(dir.Gid))
}
