package ingest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/sftp"
)

// tape is a host's only file: it is told to have a size, and goes on for ever.
type tape struct {
	size    int64
	highest atomic.Int64 // byte that was asked for
	begin   string       // before the rows that never end
	names   bool         // the directory never ends, either
}

func (e *tape) Fileread(*sftp.Request) (io.ReaderAt, error) { return e, nil }

func (e *tape) ReadAt(b []byte, at int64) (int, error) {
	for i := range b {
		if n := at + int64(i); n < int64(len(e.begin)) {
			b[i] = e.begin[n]
		} else {
			row := richRow(7)
			b[i] = row[(n-int64(len(e.begin)))%int64(len(row))]
		}
	}
	for last := at + int64(len(b)); ; {
		if high := e.highest.Load(); last <= high || e.highest.CompareAndSwap(high, last) {
			return len(b), nil
		}
	}
}

func (e *tape) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if r.Method == "List" && !e.names {
		return listing(nil), nil
	}
	if r.Method == "List" {
		return listing(func(int64) os.FileInfo { return tapeInfo{name: strings.Repeat("x", 200)} }), nil
	}
	return listing(func(at int64) os.FileInfo {
		if at > 0 {
			return nil
		}
		return tapeInfo{"bans.csv", e.size}
	}), nil
}

// listing lists what the function returns, until that is nil.
type listing func(at int64) os.FileInfo

func (l listing) ListAt(into []os.FileInfo, at int64) (int, error) {
	for i := range into {
		if l == nil {
			return i, io.EOF
		}
		if into[i] = l(at + int64(i)); into[i] == nil {
			return i, io.EOF
		}
	}
	return len(into), nil
}

type tapeInfo struct {
	name string
	size int64
}

func (i tapeInfo) Name() string     { return i.name }
func (i tapeInfo) Size() int64      { return i.size }
func (tapeInfo) Mode() fs.FileMode  { return 0o644 }
func (tapeInfo) ModTime() time.Time { return time.Unix(1_795_773_661, 0) }
func (tapeInfo) IsDir() bool        { return false }
func (tapeInfo) Sys() any           { return nil }

// A file on another machine ends at the size that its host tells, whatever follows, in every way of reading it.
func TestS22SFTPEndsAtTheToldSize(t *testing.T) {
	begin := richHeader + richRow(1) + richRow(2)
	for name, cut := range map[string]int{"after a line": 0, "within a line": 5, "empty": len(begin)} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			host, s := p.overSFTP()
			file := &tape{size: int64(len(begin) - cut), begin: begin}
			host.handlers = &sftp.Handlers{FileGet: file, FileList: file}
			p.step()
			want := map[string][]string{"after a line": {ip(1), ip(2)}, "within a line": {ip(1)}}
			p.want(want[name]...)
			if got := file.highest.Load(); got > file.size {
				t.Errorf("%d bytes were asked for of %d", got, file.size)
			}
			r, err := s.Open(t.Context(), s.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			all, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(all, []byte(begin[:file.size])) {
				t.Errorf("read %d bytes (%v), want %d", len(all), err, file.size)
			}
		})
	}
}

// A file that grew is read on to its new size.
func TestS22SFTPGrowsWithTheToldSize(t *testing.T) {
	p := newPlace(t)
	host, _ := p.overSFTP()
	begin := richHeader + richRow(1)
	file := &tape{size: int64(len(begin)), begin: begin + richRow(2) + richRow(3)}
	host.handlers = &sftp.Handlers{FileGet: file, FileList: file}
	p.step()
	p.want(ip(1))
	file.size += int64(len(richRow(2)))
	p.step()
	p.want(ip(1), ip(2))
}

// What is told to follow the end that a skip has reached is not read either.
func TestS22SFTPSkipsWithinTheToldSize(t *testing.T) {
	p := newPlace(t)
	host, s := p.overSFTP()
	file := &tape{size: 100}
	host.handlers = &sftp.Handlers{FileGet: file, FileList: file}
	r, err := s.Open(t.Context(), s.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seeker, ok := r.(io.Seeker)
	if !ok {
		t.Fatal("cannot skip")
	}
	for at, want := range map[int64]int{0: 100, 90: 10, 100: 0, 1 << 40: 0} {
		if _, err := seeker.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if all, err := io.ReadAll(r); err != nil || len(all) != want {
			t.Errorf("from %d: %d bytes (%v), want %d", at, len(all), err, want)
		}
	}
	if _, err := seeker.Seek(0, io.SeekEnd); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("from the end: %v", err)
	}
}

// A directory that never ends is given up, soon and with little memory.
func TestS22SFTPEndlessDirectory(t *testing.T) {
	p := newPlace(t)
	host, s := p.overSFTP()
	file := &tape{names: true}
	host.handlers = &sftp.Handlers{FileGet: file, FileList: file}
	if all, err := s.Rotated(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 32 MiB") {
		t.Errorf("%d files, %v", len(all), err)
	}
}
