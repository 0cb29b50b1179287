package enrich

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// maxTable is the largest file that can be a table, in bytes: the largest that are sold have half of it.
const maxTable = 1 << 30

// tableFile describes the file of a table. It differs when the file has changed; the zero tableFile is a missing file.
type tableFile struct {
	size, modified int64
	device, inode  uint64
}

func statTable(path string) (f tableFile, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return f, err
	}
	return describe(fi), nil
}

func describe(fi fs.FileInfo) tableFile {
	f := tableFile{size: fi.Size(), modified: fi.ModTime().UnixNano()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		f.device, f.inode = uint64(st.Dev), st.Ino //nolint:unconvert // the width differs between systems
	}
	return f
}

// tableCopy is a copy of a table's file.
type tableCopy struct {
	db   *maxminddb.Reader
	id   string // of its content
	from tableFile
}

// copyTable opens a copy of a table's file. Whoever maps the file itself is killed when it is truncated, and reads a
// mixture when it is overwritten.
func copyTable(path string, want field) (c tableCopy, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return c, err
	}
	defer f.Close()
	fi, err := f.Stat()
	switch {
	case err != nil:
		return c, err
	case !fi.Mode().IsRegular():
		return c, errors.New("is no regular file")
	case fi.Size() == 0:
		return c, errors.New("is empty")
	case fi.Size() > maxTable:
		return c, fmt.Errorf("is larger than a table can be: more than %d MiB", maxTable>>20)
	}
	c.from = describe(fi)
	all := io.NewSectionReader(f, 0, fi.Size())
	sum := sha256.New()
	if _, err := io.Copy(sum, all); err != nil {
		return c, err
	}
	if c.db, err = openCopy(all); err != nil {
		return c, err
	}
	if now, gone := statTable(path); gone != nil || now != c.from {
		err = errors.New("was changed while it was read")
	} else {
		err = probe(c.db, want)
	}
	if err != nil {
		return c, errors.Join(err, c.db.Close())
	}
	c.id = fmt.Sprintf("%s of %s, %x", path, c.db.Metadata.BuildTime().UTC().Format(time.DateOnly), sum.Sum(nil)[:8])
	return c, nil
}

// openCopy copies a table to a temporary file without a name and maps that, since a table may be large and little of it
// is used. Where there is no room for such a file, the copy is in memory.
func openCopy(file *io.SectionReader) (*maxminddb.Reader, error) {
	name, err := writeTemporary(io.NewSectionReader(file, 0, file.Size()))
	if err == nil {
		defer os.Remove(name) //nolint:errcheck // nobody needs its name
		return maxminddb.Open(name)
	}
	data, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size()))
	if err != nil {
		return nil, err
	}
	return maxminddb.OpenBytes(data)
}

// writeTemporary writes a temporary file, and returns its name.
func writeTemporary(from io.Reader) (name string, err error) {
	f, err := os.CreateTemp("", "friendlyfire-*.mmdb")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
