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

// ReadOnlyError reports a database that cannot be written where it is. The file itself may be intact.
type ReadOnlyError struct {
	Path string
	Err  error
}

func (e *ReadOnlyError) Error() string {
	return fmt.Sprintf("database %s cannot be written: %v. The file and its directory must belong to the user that "+
		"runs friendlyfire (uid %d), on a disk that is not read-only", e.Path, cause(e.Err), os.Getuid())
}

func (e *ReadOnlyError) Unwrap() error { return e.Err }

// cause strips the path from err, for messages that name it already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// ReadOnly turns err into a *ReadOnlyError for the database at path if it means that, and else returns it unchanged.
func ReadOnly(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &ReadOnlyError{Path: path, Err: err}
	}
	return err
}

// prepare makes sure that there is a writable database at path.
func prepare(ctx context.Context, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := checkFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(ctx, path)
	}
	if err != nil {
		return err
	}
	return writable(path)
}

// writable returns an error if the file or its directory cannot be written, and restricts the file to its owner.
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

// create makes the first database at path. It appears there complete, since an empty file counts as damaged.
func create(ctx context.Context, path string) error {
	if known, err := existedBefore(path); err != nil || known {
		return errors.Join(err, &CorruptError{Path: path, Reason: "was gone"})
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*.part")
	if err != nil {
		return err
	}
	part := f.Name()
	defer os.Remove(part) //nolint:errcheck // after success it is gone already
	if err := errors.Join(f.Close(), migrate(ctx, part)); err != nil {
		return err
	}
	return publish(part, path)
}

// publish durably renames part to path, unless another process has created a file at path meanwhile.
func publish(part, path string) error {
	if err := fsync(part); err != nil {
		return err
	}
	err := os.Link(part, path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil { // not every file system supports links
		return renameSynced(part, path)
	}
	return fsync(filepath.Dir(path))
}

// renameSynced renames a file and syncs the directory.
func renameSynced(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return fsync(filepath.Dir(to))
}

// fsync flushes a file, or a directory's entries, to the disk.
func fsync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// sqliteHeader is what every SQLite database begins with: https://www.sqlite.org/fileformat.html
const sqliteHeader = "SQLite format 3\x00"

// checkFile returns a *CorruptError if the file at path, by its size and first bytes, cannot be a database.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return checkHeader(path, info.Size(), f)
}

// checkHeader is checkFile for an open file of that size.
func checkHeader(path string, size int64, f io.ReaderAt) error {
	if size == 0 {
		return &CorruptError{Path: path, Reason: "was empty"}
	}
	first := make([]byte, len(sqliteHeader))
	if _, err := f.ReadAt(first, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(first) != sqliteHeader {
		return &CorruptError{Path: path, Reason: "had a broken header"}
	}
	return nil
}

// Files beside a database at PATH: its daily copies (PATH.copy-2026-11-23), damaged databases that were set aside
// (PATH.damaged-2026-11-23T150405Z), and unfinished files (….part).
const (
	copySuffix    = ".copy-"
	damagedSuffix = ".damaged-"
	partSuffix    = ".part"

	damagedLayout = "2006-01-02T150405Z"
)

// suffixes returns what follows the database's name in the names of the files beside it.
func suffixes(path string) (found []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if suffix, ok := strings.CutPrefix(e.Name(), filepath.Base(path)); ok && suffix != "" {
			found = append(found, suffix)
		}
	}
	return found, nil
}

// existedBefore reports whether files beside path show that there was a database once.
func existedBefore(path string) (bool, error) {
	found, err := suffixes(path)
	for _, suffix := range found {
		kept := strings.HasPrefix(suffix, copySuffix) || strings.HasPrefix(suffix, damagedSuffix)
		if suffix == "-wal" || kept && !strings.Contains(suffix, partSuffix) {
			return true, nil
		}
	}
	return false, err
}

// removePartFiles removes unfinished files that a crash has left beside the database.
func removePartFiles(path string) error {
	found, err := suffixes(path)
	for _, suffix := range found {
		if strings.HasPrefix(suffix, ".") && strings.Contains(suffix, partSuffix) {
			err = errors.Join(err, os.Remove(path+suffix))
		}
	}
	return err
}

// checkFreeSpace returns an error if the disk that holds dir has fewer free bytes than that.
func checkFreeSpace(dir string, bytes int64) error {
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
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:gosec,unconvert // their types differ between systems
}

// copyContents writes the contents of the file at path to a writer.
func copyContents(to io.Writer, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, from.Close())
}
