package ingest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"

	"friendlyfire/store"
)

// A file is known again by its content, since inodes are used anew and copies have others: by its head, which is what
// it begins with, and by its tail, which is what stands before the place that it was read to.
const (
	headBytes = 1024
	tailBytes = 256
)

// maxLine is the longest line that is looked at, in bytes; what is longer is passed over up to its newline.
const maxLine = 64 << 10

// What is read at once: little where little has come, and never much. A line that needs more room gets it.
const (
	smallBuf = 4 << 10
	bigBuf   = 256 << 10
)

// tail is an open file, whose whole lines are read forward. What stands behind the last newline is not a line yet:
// half an address is another address.
type tail struct {
	info     Info
	file     io.Closer
	in       io.Reader
	head     []byte // of what was consumed
	buf      []byte // what was read; a part of it is consumed and kept for the tail
	used     int    // bytes of buf that are consumed
	offset   int64  // of buf[used] in the file, uncompressed
	skipping bool   // offset is within a line that is too long
	damaged  bool   // its end cannot be decompressed
}

// open opens the file and goes to where the cursor left it. It returns nil if the file is not the cursor's. A file
// whose name ends in .gz is read as what it holds.
func open(ctx context.Context, s Source, i Info, c store.Cursor) (*tail, error) {
	f, err := s.Open(ctx, i.Name)
	if err != nil {
		return nil, err
	}
	t := &tail{info: i, file: f, in: f, skipping: c.Skipping, buf: make([]byte, 0, max(smallBuf, min(i.Size-c.Offset+tailBytes, bigBuf)))}
	same := true
	if i.compressed() {
		t.in, err = gzip.NewReader(f)
	}
	if err == nil {
		same, err = t.seek(c)
	}
	if ended(err) {
		same, err = false, nil
	}
	if err != nil || !same {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

// ended reports whether err says that there is no more, be it that a compressed file is damaged.
func ended(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

func (t *tail) close() { t.file.Close() } // nothing was written

// seek goes to the cursor's offset, and reports whether what stands before it is the cursor's.
func (t *tail) seek(c store.Cursor) (same bool, err error) {
	if c.Offset == 0 {
		return true, nil
	}
	t.head = make([]byte, min(c.Offset, headBytes))
	if _, err := io.ReadFull(t.in, t.head); err != nil || !bytes.Equal(hash(t.head), c.Head) {
		return false, err
	}
	if err := t.skip(max(0, c.Offset-headBytes-tailBytes)); err != nil {
		return false, err
	}
	t.buf = t.buf[:max(0, min(c.Offset-headBytes, tailBytes))]
	if _, err := io.ReadFull(t.in, t.buf); err != nil || !bytes.Equal(hash(t.buf), c.Tail) {
		return false, err
	}
	t.used, t.offset = len(t.buf), c.Offset
	return true, nil
}

// skip passes over so many bytes.
func (t *tail) skip(n int64) (err error) {
	if s, ok := t.in.(io.Seeker); ok {
		_, err = s.Seek(n, io.SeekCurrent)
	} else {
		_, err = io.CopyN(io.Discard, t.in, n)
	}
	return err
}

// saveTo notes in the cursor how far the file is read, and what it is to be known by.
func (t *tail) saveTo(c *store.Cursor) {
	c.Offset, c.Skipping, c.Modified = t.offset, t.skipping, t.info.Modified
	c.Head = hash(t.head)
	c.Tail = hash(t.buf[t.used-int(max(0, min(t.offset-headBytes, tailBytes))) : t.used])
}

func hash(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// Errors that next returns beside io.EOF and those of reading.
var (
	errLong = reason("line of more than 64 KiB")
	errSkip = errors.New("within a line that is too long")
)

// next returns the next whole line without its end; it is valid until the next call. At the end of what is there the
// error is io.EOF, whatever half a line there may be. A line that is too long is errLong once its end is found, and
// errSkip now and then before that.
func (t *tail) next() ([]byte, error) {
	for scanned := 0; ; {
		rest := t.buf[t.used:]
		if i := bytes.IndexByte(rest[scanned:], '\n'); i >= 0 {
			i += scanned
			t.consume(i + 1)
			if t.skipping || i > maxLine {
				t.skipping = false
				return nil, errLong
			}
			return bytes.TrimSuffix(rest[:i], []byte{'\r'}), nil
		}
		if t.skipping || len(rest) > maxLine {
			t.skipping = true
			t.consume(len(rest))
			if err := t.fill(); err != nil {
				return nil, err
			}
			return nil, errSkip
		}
		scanned = len(rest)
		if err := t.fill(); err != nil {
			return nil, err
		}
	}
}

func (t *tail) consume(n int) {
	if room := headBytes - len(t.head); room > 0 {
		t.head = append(t.head, t.buf[t.used:t.used+min(room, n)]...)
	}
	t.used += n
	t.offset += int64(n)
}

// fill reads on, and keeps of what is consumed no more than the tail.
func (t *tail) fill() error {
	if len(t.buf) == cap(t.buf) {
		from := max(0, t.used-tailBytes)
		t.buf = t.buf[:copy(t.buf, t.buf[from:])]
		t.used -= from
		if len(t.buf) > cap(t.buf)/2 {
			t.buf = slices.Grow(t.buf, cap(t.buf))
		}
	}
	for range 100 { // a reader may return nothing now and then
		n, err := t.in.Read(t.buf[len(t.buf):cap(t.buf)])
		t.buf = t.buf[:len(t.buf)+n]
		if n > 0 {
			return nil
		}
		if ended(err) {
			t.damaged = !errors.Is(err, io.EOF)
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// begins returns the first bytes of the file, as far as they are there. It is asked before the first line is read.
func (t *tail) begins() ([]byte, error) {
	if t.offset > 0 {
		return t.head, nil
	}
	for len(t.buf) < headBytes {
		err := t.fill()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return t.buf[:min(len(t.buf), headBytes)], nil
}

// unfinished reports whether half a line stands at the end, after next has returned io.EOF.
func (t *tail) unfinished() bool { return t.skipping || t.used < len(t.buf) }
