package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/pkg/sftp"
)

// remoteFile is a file in which every read has a timeout. It ends where the host said that it does when it was opened:
// what a host sends beyond that may never end.
type remoteFile struct {
	file     *sftp.File
	at, size int64 // bytes
	source   *SFTP
	ctx      context.Context //nolint:containedctx // a file is only read during the step that opened it
}

// Read implements io.Reader.
func (f *remoteFile) Read(b []byte) (n int, err error) {
	if f.at >= f.size {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), f.size-f.at)]
	err = f.source.withTimeout(f.ctx, func() error {
		n, err = f.file.Read(b)
		return err
	})
	f.at += int64(n)
	return n, err
}

// Seek implements io.Seeker, but not from the end.
func (f *remoteFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.at
	default:
		return 0, errors.ErrUnsupported
	}
	_, err := f.file.Seek(offset, io.SeekStart)
	if err == nil {
		f.at = offset
	}
	return offset, err
}

// Close implements io.Closer.
func (f *remoteFile) Close() error { return f.source.withTimeout(context.Background(), f.file.Close) }

// maxAnswer is how much a host may send in one call, in bytes: much more than any part of a file that is read at once,
// and enough to list a directory of 100,000 files.
const maxAnswer = 32 << 20

var errAnswer = fmt.Errorf("the host sent more than %d MiB for one answer", maxAnswer>>20)

// meteredConn is a connection over which a host can send no more than so much in one call.
type meteredConn struct {
	net.Conn
	left atomic.Int64 // bytes
}

// Read implements net.Conn.
func (c *meteredConn) Read(b []byte) (int, error) {
	if c.left.Load() <= 0 {
		return 0, errAnswer
	}
	n, err := c.Conn.Read(b)
	c.left.Add(-int64(n))
	return n, err
}
