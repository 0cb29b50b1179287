package ingest

import (
	"cmp"
	"context"
	"io"
	"path"
	"slices"
	"strings"
)

// Source is one server's file of bans, with its rotated files. Its methods may be called again after any error. An
// error that is fs.ErrNotExist means that there is no such file.
type Source interface {
	// Stat describes the live file. It is cheap.
	Stat(ctx context.Context) (Info, error)
	// Rotated lists the rotated files, in no particular order.
	Rotated(ctx context.Context) ([]Info, error)
	// Open opens one of the files for reading from its start; a reader may be an io.Seeker, to skip content. It opens
	// only regular files, and reads from them take a limited time.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// Info describes a file. It differs when the file has changed.
type Info struct {
	Name          string // as Open takes it
	Size          int64  // bytes
	Modified      int64  // unix nanoseconds by the file's own clock
	Device, Inode uint64 // 0 if they are not known
	Rotation      string // of a rotated file, as returned by the function Rotation
}

// Rotation returns the digits that log rotation has added to the name of a file; "" if name is not a rotated file. Both
// names are without their directory. Rotated files are file.1, file.2.gz, file-20261122, stem-20261122.ext.
func Rotation(file, name string) string {
	name = strings.TrimSuffix(name, ".gz")
	rest, ok := strings.CutPrefix(name, file)
	if !ok {
		ext := path.Ext(file)
		if rest, ok = strings.CutPrefix(name, strings.TrimSuffix(file, ext)); ok {
			rest, ok = strings.CutSuffix(rest, ext)
		}
	}
	if !ok || len(rest) < 2 || rest[0] != '.' && rest[0] != '-' {
		return ""
	}
	digits := strings.ReplaceAll(rest[1:], "-", "")
	if strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

func (i Info) compressed() bool { return strings.HasSuffix(i.Name, ".gz") }

// sortRotated sorts rotated files by age, oldest first. A date in the name grows, while a short number is an age. A
// file that is still being compressed exists twice, and is listed once.
func sortRotated(infos []Info) []Info {
	slices.SortFunc(infos, func(a, b Info) int {
		x, y := a.Rotation, b.Rotation
		if len(x) != len(y) {
			return cmp.Compare(len(y), len(x))
		}
		byAge := strings.Compare(y, x)
		if len(x) >= len("20261122") {
			byAge = -byAge
		}
		return cmp.Or(byAge, strings.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(infos, func(a, b Info) bool {
		return strings.TrimSuffix(a.Name, ".gz") == strings.TrimSuffix(b.Name, ".gz")
	})
}
