package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ReadOnlyError is a database that cannot be written where it is. The file may be quite in order.
type ReadOnlyError struct {
	Path string
	Err  error
}

func (e *ReadOnlyError) Error() string {
	return fmt.Sprintf("database %s cannot be written: %v. The file and its directory must belong to the user that runs friendlyfire (uid %d), "+
		"on a disk that is not read-only", e.Path, cause(e.Err), os.Getuid())
}

func (e *ReadOnlyError) Unwrap() error { return e.Err }

// cause is err without the path, which is said already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// ReadOnly is err as a *ReadOnlyError of the database at path, if that is what it means.
func ReadOnly(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &ReadOnlyError{Path: path, Err: err}
	}
	return err
}

// prepare sees to it that there is a database at path that can be written.
func prepare(ctx context.Context, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := look(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(ctx, path)
	}
	if err != nil {
		return err
	}
	return writable(path)
}

// writable returns an error if the file or its directory cannot be written, and lets only its owner read the file.
// SQLite gives the -wal and -shm files the same mode.
func writable(path string) error {
	const writeOK = 2
	if err := syscall.Access(filepath.Dir(path), writeOK); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// create makes the first database at path. It appears there whole: an empty file is a database that was damaged.
func create(ctx context.Context, path string) error {
	if known, err := traces(path); err != nil || known {
		return errors.Join(err, &CorruptError{Path: path, Reason: "was gone"})
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*.part")
	if err != nil {
		return err
	}
	part := f.Name()
	defer os.Remove(part) //nolint:errcheck // it has another name by then
	if err := errors.Join(f.Close(), migrate(ctx, part)); err != nil {
		return err
	}
	return publish(part, path)
}

// publish gives the file at part the name path for good, unless another process has made a file of that name meanwhile.
func publish(part, path string) error {
	if err := flush(part); err != nil {
		return err
	}
	err := os.Link(part, path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil { // not every file system has links
		return move(part, path)
	}
	return flush(filepath.Dir(path))
}

// move renames a file for good.
func move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return flush(filepath.Dir(to))
}

// flush brings a file, or the names in a directory, to the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// header is what every SQLite database begins with: https://www.sqlite.org/fileformat.html
const header = "SQLite format 3\x00"

// look returns a *CorruptError if what is at path cannot be a database by its first bytes.
func look(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", path)
	}
	if info.Size() == 0 {
		return &CorruptError{Path: path, Reason: "was empty"}
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	begins := make([]byte, len(header))
	if _, err := io.ReadFull(f, begins); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(begins) != header {
		return &CorruptError{Path: path, Reason: "had a broken header"}
	}
	return nil
}

// What stands beside a database at PATH: its copies of days (PATH.copy-2026-11-23), what was set aside
// (PATH.damaged-2026-11-23T150405Z), and files that are not ready (….part).
const (
	copyMark    = ".copy-"
	damagedMark = ".damaged-"
	partMark    = ".part"

	damagedLayout = "2006-01-02T150405Z"
)

// beside returns the names of the files that begin with the database's own, without that beginning.
func beside(path string) (rests []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), filepath.Base(path)); ok && rest != "" {
			rests = append(rests, rest)
		}
	}
	return rests, nil
}

// traces reports whether there was a database at path once.
func traces(path string) (bool, error) {
	rests, err := beside(path)
	for _, rest := range rests {
		if rest == "-wal" || !strings.Contains(rest, partMark) && (strings.HasPrefix(rest, copyMark) || strings.HasPrefix(rest, damagedMark)) {
			return true, nil
		}
	}
	return false, err
}

// sweep removes what a crash has left unfinished beside the database.
func sweep(path string) error {
	rests, err := beside(path)
	for _, rest := range rests {
		if strings.HasPrefix(rest, ".") && strings.Contains(rest, partMark) {
			err = errors.Join(err, os.Remove(path+rest))
		}
	}
	return err
}

// room returns an error where the disk that holds dir has less than so many bytes to spare.
func room(dir string, bytes int64) error {
	free, err := FreeSpace(dir)
	if err == nil && free < bytes {
		const mega = 1_000_000
		err = fmt.Errorf("too little space on the disk of %s: %d MB are needed", dir, (bytes+mega-1)/mega)
	}
	return err
}

// FreeSpace is how many bytes of the disk that holds dir an ordinary user may still fill.
func FreeSpace(dir string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:gosec,unconvert // no disk is that large; types differ by system
}
