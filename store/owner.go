package store

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// OwnedLikeDirectory gives a file that root has made to the owner of its directory: commands may be run by root before
// the bot runs as that user. It is for files alone that are new, and a failure shows when the bot starts.
func OwnedLikeDirectory(path string) {
	var dir syscall.Stat_t
	if os.Geteuid() != 0 || syscall.Stat(filepath.Dir(path), &dir) != nil || dir.Uid == 0 {
		return
	}
	_ = os.Lchown(path, int(dir.Uid), int(dir.Gid))
}

// Owner is the name of the user that a file belongs to, or the number of one without a name. It is "" where that cannot
// be seen.
func Owner(path string) string {
	var file syscall.Stat_t
	if syscall.Stat(path, &file) != nil {
		return ""
	}
	return UserName(int(file.Uid))
}

// UserName is the name of a user, or the number of one without a name.
func UserName(id int) string {
	number := strconv.Itoa(id)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}

// Readers says who may read a file by its mode: "root and the group adm". group is the group that may, "" for that of
// root or where none may. Both are "" where the file cannot be seen.
func Readers(path string) (who, group string) {
	var file syscall.Stat_t
	if syscall.Stat(path, &file) != nil {
		return "", ""
	}
	who = UserName(int(file.Uid))
	if file.Mode&0o040 == 0 {
		return who + " alone", ""
	}
	id := strconv.Itoa(int(file.Gid))
	name := id
	if g, err := user.LookupGroupId(id); err == nil {
		name = g.Name
	}
	who += " and the group " + name
	if file.Gid == 0 {
		return who, ""
	}
	return who, name
}
