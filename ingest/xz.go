package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads an .xz file: a container of blocks of LZMA2. It is read here since the library takes as much memory as
// a file asks for, which may be 4 GiB.
// https://tukaani.org/xz/xz-file-format.txt
type xzReader struct {
	in     io.Reader
	check  byte           // of the stream: how its blocks are verified
	block  io.Reader      // nil: none is open
	packed *countedReader // what the block was read from
	sum    checksum       // nil: it cannot be verified
	capped bool           // the block was written with a larger window than it is read with
	inside bool           // a stream has begun
	some   bool           // there has been a stream
}

// checksum is a hash.Hash.
type checksum interface {
	io.Writer
	Sum(b []byte) []byte
}

const (
	xzMagic     = "\xfd7zXZ\x00"
	xzHeaderLen = len(xzMagic) + 2 + crc32.Size
	xzFooterLen = 12
	xzLZMA2     = 0x21
	xzMinWindow = 4096
)

// Read implements io.Reader.
func (x *xzReader) Read(b []byte) (int, error) {
	for {
		if x.block == nil {
			if err := x.nextBlock(); err != nil {
				return 0, err
			}
		}
		n, err := x.block.Read(b)
		if x.sum != nil {
			x.sum.Write(b[:n]) //nolint:errcheck // a hash has no errors
		}
		switch {
		case errors.Is(err, io.EOF):
			if err := x.endBlock(); err != nil {
				return n, err
			}
		case err != nil && x.capped:
			return n, errMemory
		case err != nil:
			return n, errDamaged
		}
		if n > 0 {
			return n, nil
		}
	}
}

// nextBlock opens the next block, of this stream or of a later one. After the last its error is io.EOF.
func (x *xzReader) nextBlock() error {
	for {
		if !x.inside {
			if err := x.nextStream(); err != nil {
				return err
			}
		}
		var size [1]byte
		if err := x.full(size[:]); err != nil {
			return err
		}
		if size[0] != 0 {
			return x.openBlock(size[0])
		}
		if err := x.skipIndex(); err != nil {
			return err
		}
		x.inside = false
	}
}

// nextStream reads the header of a stream, after any padding. At the end of the file its error is io.EOF.
func (x *xzReader) nextStream() error {
	header := make([]byte, xzHeaderLen)
	for {
		_, err := io.ReadFull(x.in, header[:4])
		if errors.Is(err, io.EOF) && x.some {
			return io.EOF
		}
		if err != nil {
			return errDamaged
		}
		if !bytes.Equal(header[:4], make([]byte, 4)) || !x.some {
			break
		}
	}
	if err := x.full(header[4:]); err != nil {
		return err
	}
	flags := header[len(xzMagic):][:2]
	if !bytes.HasPrefix(header, []byte(xzMagic)) || flags[0] != 0 ||
		crc32.ChecksumIEEE(flags) != binary.LittleEndian.Uint32(header[len(xzMagic)+2:]) {
		return errDamaged
	}
	x.check, x.inside, x.some = flags[1]&0x0f, true, true
	return nil
}

// openBlock reads the header of a block, of which the size has been read.
func (x *xzReader) openBlock(size byte) error {
	header := make([]byte, (int(size)+1)*4)
	header[0] = size
	if err := x.full(header[1:]); err != nil {
		return err
	}
	end := len(header) - crc32.Size
	if crc32.ChecksumIEEE(header[:end]) != binary.LittleEndian.Uint32(header[end:]) {
		return errDamaged
	}
	flags, rest := header[1], bytes.NewReader(header[2:end])
	for _, given := range []bool{flags&0x40 != 0, flags&0x80 != 0} { // the block's sizes
		if given {
			if _, err := binary.ReadUvarint(rest); err != nil {
				return errDamaged
			}
		}
	}
	id, err1 := binary.ReadUvarint(rest)
	properties, err2 := binary.ReadUvarint(rest)
	window, err3 := rest.ReadByte()
	if err1 != nil || err2 != nil || err3 != nil {
		return errDamaged
	}
	if flags&0x3f != 0 || id != xzLZMA2 || properties != 1 {
		return errPacking // with a filter for programs
	}
	wanted, err := lzma.DecodeDictCap(window)
	if err != nil {
		return errDamaged
	}
	x.capped = wanted > maxWindow
	x.packed = &countedReader{in: x.in}
	x.block, err = lzma.Reader2Config{DictCap: int(max(xzMinWindow, min(wanted, maxWindow)))}.NewReader2(x.packed)
	if err != nil {
		return errDamaged
	}
	x.sum = nil
	switch x.check {
	case 0x01:
		x.sum = crc32.NewIEEE()
	case 0x04:
		x.sum = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 0x0a:
		x.sum = sha256.New()
	}
	return nil
}

// endBlock verifies the block that has been read.
func (x *xzReader) endBlock() error {
	sizes := [...]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64} // of the check, by its kind
	tail := make([]byte, int(-x.packed.n&3)+sizes[x.check])
	if err := x.full(tail); err != nil {
		return err
	}
	x.block = nil
	if x.sum == nil {
		return nil
	}
	want := tail[len(tail)-sizes[x.check]:]
	got := x.sum.Sum(nil)
	if x.check != 0x0a { // the others are stored with the lowest byte first
		for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
			got[i], got[j] = got[j], got[i]
		}
	}
	if !bytes.Equal(got, want) {
		return errDamaged
	}
	return nil
}

// skipIndex skips the index of a stream, of which the first byte has been read, and the stream's footer.
func (x *xzReader) skipIndex() error {
	in := &countedReader{in: x.in, n: 1}
	records, err := binary.ReadUvarint(in)
	for range 2 * min(records, 1<<40) {
		if err != nil {
			break
		}
		_, err = binary.ReadUvarint(in)
	}
	if err != nil {
		return errDamaged
	}
	return x.full(make([]byte, int(-in.n&3)+crc32.Size+xzFooterLen))
}

func (x *xzReader) full(b []byte) error {
	if _, err := io.ReadFull(x.in, b); err != nil {
		return errDamaged
	}
	return nil
}

// countedReader counts the bytes that are read. It reads no further than it is asked to.
type countedReader struct {
	in io.Reader
	n  int64
}

// Read implements io.Reader.
func (c *countedReader) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.n += int64(n)
	return n, err
}

// ReadByte implements io.ByteReader.
func (c *countedReader) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(c, b[:])
	return b[0], err
}
