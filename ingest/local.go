package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Local is a file on this machine.
type Local struct{ Path string }

// Stat implements Source.
func (l Local) Stat(context.Context) (Info, error) {
	fi, err := os.Stat(l.Path)
	if err != nil {
		return Info{}, err
	}
	return localInfo(l.Path, fi), nil
}

// Rotated implements Source.
func (l Local) Rotated(context.Context) ([]Info, error) {
	dir, file := filepath.Split(filepath.Clean(l.Path))
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	var all []Info
	for _, e := range entries {
		rotation := Rotation(file, e.Name())
		if rotation == "" {
			continue
		}
		fi, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // rotated away meanwhile
		}
		if err != nil {
			return nil, err
		}
		if fi.Mode().IsRegular() {
			i := localInfo(filepath.Join(dir, e.Name()), fi)
			i.Rotation = rotation
			all = append(all, i)
		}
	}
	return all, nil
}

// Open implements Source. If the file turns out to be a pipe, it does not wait for a writer.
func (l Local) Open(_ context.Context, name string) (io.ReadCloser, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func localInfo(name string, fi os.FileInfo) Info {
	i := Info{Name: name, Size: fi.Size(), Modified: fi.ModTime().UnixNano()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		i.Device, i.Inode = uint64(st.Dev), st.Ino //nolint:unconvert // the width differs between systems
	}
	return i
}
