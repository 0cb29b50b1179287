package ingest

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// damage is why a file cannot be read, or not to its end. Like reasons, there are few.
type damage string

func (d damage) Error() string { return string(d) }

const (
	errDamaged   = damage("damaged")
	errEncrypted = damage("encrypted")
	errMemory    = damage("compressed in a way that takes too much memory to read")
	errPacking   = damage("compressed in a form that is not known")
	errVanished  = damage("replaced without a trace")
)

// maxWindow is how much of its output a decompressor may keep to refer to, in bytes: enough for xz -9 and for zstd -19.
const maxWindow = 64 << 20

// sniffBytes is how much of a file is looked at to tell what it is.
const sniffBytes = 512

// packings are the forms of compressed and encrypted files, by what they begin with.
var packings = []struct {
	magic string
	open  func(io.Reader) (io.ReadCloser, error)
}{
	{"\x1f\x8b", openGzip},
	{"BZh", func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }},
	{"\xfd7zXZ\x00", func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(&xzReader{in: r}), nil }},
	{"\x28\xb5\x2f\xfd", openZstd},
	{"-----BEGIN PGP", refuse(errEncrypted)},
	{"age-encryption.org/", refuse(errEncrypted)},
	{"-----BEGIN AGE", refuse(errEncrypted)},
	{"Salted__", refuse(errEncrypted)}, // openssl enc
	{"\x04\x22\x4d\x18", refuse(errPacking)},
	{"\x1f\x9d", refuse(errPacking)},
	{"PK\x03\x04", refuse(errPacking)},
	{"7z\xbc\xaf\x27\x1c", refuse(errPacking)},
	{"Rar!", refuse(errPacking)},
	{"LZIP", refuse(errPacking)},
	{"\x89LZO", refuse(errPacking)},
	{"\x5d\x00\x00", refuse(errPacking)}, // lzma, the predecessor of xz
}

func openGzip(r io.Reader) (io.ReadCloser, error) {
	return gzip.NewReader(r)
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

func refuse(why damage) func(io.Reader) (io.ReadCloser, error) {
	return func(io.Reader) (io.ReadCloser, error) { return nil, why }
}

// unpacked reads a file that may be compressed. Errors of the file itself come as they are; whatever else is wrong is a
// damage.
type unpacked struct {
	file io.ReadCloser
	in   io.Reader // what the file holds
	pack io.Closer // nil: it is not compressed
	raw  *rawReader
}

// unpack returns what the file holds. What it is in is told by its first bytes: names are often wrong. It returns a
// damage if it is in nothing that can be read; the file is then still open.
func unpack(file io.ReadCloser, name string) (*unpacked, error) {
	raw := &rawReader{in: file}
	first := make([]byte, sniffBytes)
	n, err := io.ReadFull(raw, first)
	first = first[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	u := &unpacked{file: file, raw: raw}
	for _, p := range packings {
		if !bytes.HasPrefix(first, []byte(p.magic)) {
			continue
		}
		pack, err := p.open(bufio.NewReaderSize(io.MultiReader(bytes.NewReader(first), raw), smallBuf<<2))
		if err != nil {
			return nil, u.explain(err)
		}
		u.in, u.pack = pack, pack
		return u, nil
	}
	switch ext := path.Ext(name); {
	case slices.Contains(encryptedNames, ext):
		return nil, errEncrypted
	case !slices.Contains(packedNames, ext) || isText(first): // a browser may have decompressed it
	case slices.Contains(packedNames[:5], ext):
		return nil, errDamaged // the program knows this form, and this is not it
	default:
		return nil, errPacking
	}
	u.in = io.MultiReader(bytes.NewReader(first), raw)
	if s, ok := file.(io.Seeker); ok {
		if _, err := s.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		u.in, raw.done = raw, 0
	}
	return u, nil
}

// isText reports whether a file with these first bytes holds lines of text.
func isText(first []byte) bool {
	return bytes.IndexByte(first, '\n') >= 0 && bytes.IndexFunc(first, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\x1b'
	}) < 0
}

// Read implements io.Reader.
func (u *unpacked) Read(b []byte) (n int, err error) {
	defer func() {
		if recover() != nil { // a decompressor met what its author did not foresee
			n, err = 0, errDamaged
		}
	}()
	n, err = u.in.Read(b)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = u.explain(err)
	}
	return n, err
}

// explain turns an error of a decompressor into a damage, unless it comes from the file.
func (u *unpacked) explain(err error) error {
	if u.raw.err != nil {
		return u.raw.err
	}
	if d, ok := errors.AsType[damage](err); ok {
		return d
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return errMemory
	}
	return errDamaged
}

// Close closes the file.
func (u *unpacked) Close() error {
	if u.pack != nil {
		u.pack.Close() // nothing was written
	}
	return u.file.Close()
}

// rawReader counts what is read from a file, and keeps its error.
type rawReader struct {
	in   io.Reader
	done int64
	err  error // other than io.EOF
}

// Read implements io.Reader.
func (r *rawReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.done += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// skip skips n bytes of what the file holds.
func (u *unpacked) skip(n int64) error {
	if s, ok := u.file.(io.Seeker); ok && u.in == io.Reader(u.raw) {
		_, err := s.Seek(n, io.SeekCurrent)
		u.raw.done += n
		return err
	}
	_, err := io.CopyN(io.Discard, u, n)
	return err
}
