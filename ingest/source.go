package ingest

import (
	"cmp"
	"context"
	"io"
	"path"
	"slices"
	"strings"
)

// Source is where one server's file of bans stands, and what log rotation has put aside of it. Its methods may be
// called anew after any error. An error that is fs.ErrNotExist says that there is no such file.
type Source interface {
	// Stat says what the file is like now, at little cost.
	Stat(ctx context.Context) (Info, error)
	// Rotated lists the files that the file has been before, in no particular order.
	Rotated(ctx context.Context) ([]Info, error)
	// Open opens one of them for reading from its beginning; a reader that is an io.Seeker need not be read through.
	// It opens regular files only, and what it opens is read in bounded time.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// Info tells a file that has changed from one that has not.
type Info struct {
	Name          string // as Open takes it
	Size          int64  // bytes
	Modified      int64  // unix nanoseconds by the file's own clock
	Device, Inode uint64 // 0 where they are not known
	Rotation      string // of a file that was put aside, as the function of that name tells
}

// Rotation returns the digits by which log rotation tells a file that it has put aside from the file itself; "" if it
// is none. The names are without their directory: file.1, file.2.gz, file-20261122, stem-20261122.ext.
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

// sortRotated puts rotated files in the order in which they were written. Names tell: a date grows, while a number
// of few digits is an age. A file that is still being compressed stands beside itself, and is dropped once.
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
	return slices.CompactFunc(infos, func(a, b Info) bool { return strings.TrimSuffix(a.Name, ".gz") == strings.TrimSuffix(b.Name, ".gz") })
}
