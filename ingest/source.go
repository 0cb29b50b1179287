package ingest

import (
	"cmp"
	"context"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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

// The last parts of the names of files that are compressed or encrypted, whether they can be read or not.
var (
	packedNames = []string{
		".gz", ".bz2", ".xz", ".zst", ".zstd", ".lzma", ".lz", ".lz4", ".lzo", ".Z", ".br", ".zip", ".7z", ".rar",
	}
	encryptedNames = []string{".gpg", ".pgp", ".asc", ".age", ".enc"}
)

// unpackedName is the name without what compression and encryption have added to it.
func unpackedName(name string) string {
	for {
		ext := path.Ext(name)
		if ext == "" || !slices.Contains(packedNames, ext) && !slices.Contains(encryptedNames, ext) {
			return name
		}
		name = strings.TrimSuffix(name, ext)
	}
}

// oldRotation is what Rotation returns for a file whose name ends in .old: there is only one such file.
const oldRotation = "old"

// addedByRotation matches an age, a date with or without a time of day, unix seconds, or the word old.
var addedByRotation = regexp.MustCompile(`^[-._](old|[0-9]+(?:[-._:T]?[0-9]+)*)$`)

// Rotation returns what log rotation has added to the name of a file, a date or a time of day as its digits alone; ""
// if name is not a rotated file. Both names are without their directory. Rotated files are file.1, file.2.gz, file.old,
// file-20261122, file.2026-11-22, file_20261122T1000.xz, file-1795773661, stem-20261122.ext.
func Rotation(file, name string) string {
	name = unpackedName(name)
	rest, ok := strings.CutPrefix(name, file)
	if !ok {
		ext := path.Ext(file)
		if rest, ok = strings.CutPrefix(name, strings.TrimSuffix(file, ext)); ok {
			rest, ok = strings.CutSuffix(rest, ext)
		}
	}
	if !ok {
		return ""
	}
	added := addedByRotation.FindStringSubmatch(rest)
	if added == nil {
		return ""
	}
	return strings.NewReplacer("-", "", ".", "", "_", "", ":", "", "T", "").Replace(added[1])
}

// longestAge is how many digits an age may have; a date has more.
const longestAge = 5

// rotatedAt returns when a file was rotated, if its name says so, and otherwise when it was last written to. It reports
// false if the name tells the file's age as a small number.
func (i Info) rotatedAt() (time.Time, bool) {
	r := i.Rotation
	if r == oldRotation || len(r) <= longestAge {
		return time.Time{}, false
	}
	if len(r) == len("20261122")+len("1795773661") { // dateformat -%Y%m%d-%s
		r = r[len("20261122"):]
	}
	if unix, err := strconv.ParseInt(r, 10, 64); err == nil && len(r) == len("1795773661") && r[0] == '1' {
		return time.Unix(unix, 0), true
	}
	for _, layout := range []string{"20060102150405", "200601021504", "2006010215", "20060102", "200601"} {
		if len(r) < len(layout) {
			continue
		}
		if at, err := time.ParseInLocation(layout, r[:len(layout)], time.Local); err == nil && at.Year() >= firstYear {
			return at, true
		}
	}
	return time.Unix(0, i.Modified), true
}

// age returns the age that a name tells as a small number: the older the file, the higher it is.
func (i Info) age() int {
	if i.Rotation == oldRotation {
		return 1
	}
	n, _ := strconv.Atoi(i.Rotation)
	return n
}

// sortRotated sorts rotated files by age, oldest first. A date in the name grows, while a small number is an age. Where
// names are of both kinds, which happens when the configuration of the rotation was changed, the files are merged by
// the times at which they were last written to. A file that is still being compressed exists twice, and is listed once.
func sortRotated(infos []Info) []Info {
	slices.SortFunc(infos, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	infos = slices.CompactFunc(infos, func(a, b Info) bool { return unpackedName(a.Name) == unpackedName(b.Name) })
	var dated, aged []Info
	for _, i := range infos {
		if _, ok := i.rotatedAt(); ok {
			dated = append(dated, i)
		} else {
			aged = append(aged, i)
		}
	}
	slices.SortStableFunc(dated, func(a, b Info) int {
		x, _ := a.rotatedAt()
		y, _ := b.rotatedAt()
		return cmp.Or(x.Compare(y), cmp.Compare(len(a.Rotation), len(b.Rotation)), cmp.Compare(a.Modified, b.Modified),
			strings.Compare(a.Rotation, b.Rotation))
	})
	slices.SortStableFunc(aged, func(a, b Info) int { return cmp.Compare(b.age(), a.age()) })
	sorted := make([]Info, 0, len(infos))
	for len(dated) > 0 && len(aged) > 0 {
		if dated[0].Modified <= aged[0].Modified {
			sorted, dated = append(sorted, dated[0]), dated[1:]
		} else {
			sorted, aged = append(sorted, aged[0]), aged[1:]
		}
	}
	return slices.Concat(sorted, dated, aged)
}
