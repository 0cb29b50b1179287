package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ReplaceFile replaces the content of a file at once: no crash leaves half of it. The file keeps its mode and its
// owner, and symbolic links to it stay. A new file is readable by its owner alone.
func ReplaceFile(path string, content []byte) error {
	mode, owner := fs.FileMode(0o600), (*syscall.Stat_t)(nil)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
		owner, _ = info.Sys().(*syscall.Stat_t)
	}
	part, err := writeBeside(path, content, mode, owner)
	if err == nil {
		if err = os.Rename(part, path); err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}
	if err != nil {
		return fmt.Errorf("%s stays as it is: %w", path, err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync() // or the new name may not outlast a power failure
}

// writeBeside writes a file into the directory of path, and returns its name once all of it is on the disk. owner nil
// is the user that runs the program.
func writeBeside(path string, content []byte, mode fs.FileMode, owner *syscall.Stat_t) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(content); err != nil {
		return "", err
	}
	if owner != nil {
		if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return "", err
		}
	}
	if err := f.Chmod(mode); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}
