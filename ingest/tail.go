package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"

	"friendlyfire/store"
)

// A file is recognized by its content, since inodes are reused and copies have others: by its head, which is its first
// bytes, and by its tail, which is the last bytes before the offset.
const (
	headBytes = 1024
	tailBytes = 256
)

// maxLine is the longest line that is parsed, in bytes; longer ones are skipped.
const maxLine = 64 << 10

// Sizes of the read buffer: small if there is little to read. It grows for a long line.
const (
	smallBuf = 4 << 10
	bigBuf   = 256 << 10
)

// tail reads whole lines from an open file. What follows the last newline is not a line yet: half an address is another
// address.
type tail struct {
	info     Info
	in       *unpacked
	head     []byte // of what was consumed
	buf      []byte // what was read, starting with consumed bytes that saveTo needs
	used     int    // consumed bytes of buf
	offset   int64  // of buf[used] in the file, uncompressed
	skipping bool   // offset is within a line that is too long
	damage   damage // why its end cannot be read; "": it can
}

// openTail opens the file and seeks to the cursor's offset. It returns nil if the file is not the cursor's. A rotated
// file is decompressed; the error is a damage if not even its start can be read.
func openTail(ctx context.Context, s Source, i Info, c store.Cursor) (*tail, error) {
	f, err := s.Open(ctx, i.Name)
	if err != nil {
		return nil, err
	}
	in := &unpacked{file: f, raw: &rawReader{in: f}}
	in.in = in.raw
	if i.Rotation != "" {
		if in, err = unpack(f, i.Name); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	size := max(smallBuf, min(i.Size-c.Offset+tailBytes, bigBuf))
	t := &tail{info: i, in: in, skipping: c.Skipping, buf: make([]byte, 0, size)}
	same, err := t.seek(c)
	if isEnd(err) {
		same, err = false, nil
	}
	if err != nil || !same {
		return nil, errors.Join(err, in.Close())
	}
	return t, nil
}

// isEnd reports whether err means the end of the file, or damage that ends a compressed file.
func isEnd(err error) bool {
	_, damaged := errors.AsType[damage](err)
	return damaged || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (t *tail) close() { t.in.Close() } //nolint:errcheck // nothing was written

// seek goes to the cursor's offset, and reports whether the head and the tail before it are the cursor's.
func (t *tail) seek(c store.Cursor) (same bool, err error) {
	if c.Offset == 0 {
		return true, nil
	}
	t.head = make([]byte, min(c.Offset, headBytes))
	if _, err := io.ReadFull(t.in, t.head); err != nil || !bytes.Equal(hash(t.head), c.Head) {
		return false, err
	}
	if err := t.in.skip(max(0, c.Offset-headBytes-tailBytes)); err != nil {
		return false, err
	}
	t.buf = t.buf[:max(0, min(c.Offset-headBytes, tailBytes))]
	if _, err := io.ReadFull(t.in, t.buf); err != nil || !bytes.Equal(hash(t.buf), c.Tail) {
		return false, err
	}
	t.used, t.offset = len(t.buf), c.Offset
	return true, nil
}

// saveTo sets the cursor's offset, and the hashes that identify the file.
func (t *tail) saveTo(c *store.Cursor) {
	c.Offset, c.Skipping, c.Modified = t.offset, t.skipping, t.info.Modified
	c.Head = hash(t.head)
	c.Tail = hash(t.buf[t.used-int(max(0, min(t.offset-headBytes, tailBytes))) : t.used])
}

func hash(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// Errors that next returns besides io.EOF and read errors.
var (
	errLong = reason("line of more than 64 KiB")
	errSkip = errors.New("within a line that is too long")
)

// next returns the next whole line without its line ending; it is valid until the next call. At the end of the file, or
// in an unfinished last line, the error is io.EOF. For a line that is too long it is errLong once its end is found, and
// errSkip from time to time before that.
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

// fill reads more into the buffer. Of the consumed bytes it keeps at least the last tailBytes.
func (t *tail) fill() error {
	if len(t.buf) == cap(t.buf) {
		from := max(0, t.used-tailBytes)
		t.buf = t.buf[:copy(t.buf, t.buf[from:])]
		t.used -= from
		if len(t.buf) > cap(t.buf)/2 {
			t.buf = slices.Grow(t.buf, cap(t.buf))
		}
	}
	for range 100 { // a reader may return no bytes and no error
		n, err := t.in.Read(t.buf[len(t.buf):cap(t.buf)])
		t.buf = t.buf[:len(t.buf)+n]
		if n > 0 {
			return nil
		}
		if isEnd(err) {
			t.damage, _ = errors.AsType[damage](err)
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// firstBytes returns up to headBytes from the start of the file. It must be called before the first line is read.
func (t *tail) firstBytes() ([]byte, error) {
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

// unfinished reports whether the file ends in an unfinished line, after next has returned io.EOF.
func (t *tail) unfinished() bool { return t.skipping || t.used < len(t.buf) }

// more reports whether anything follows what was read.
func (t *tail) more() (bool, error) {
	if t.unfinished() {
		return true, nil
	}
	err := t.fill()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}
