package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// SFTP is a file of another machine. It keeps one connection open, and is used by one goroutine at a time.
type SFTP struct {
	User       string
	Address    string                                                               // host:port
	Path       string                                                               // from the root
	KeyFile    string                                                               // a private key without a passphrase; "": the agent behind SSH_AUTH_SOCK
	KnownHosts string                                                               // the host's key is pinned by it; "": the user's own known_hosts
	Dial       func(ctx context.Context, network, address string) (net.Conn, error) // opens connections; nil: the net package

	limit  time.Duration // of every call; 0: callLimit
	conn   net.Conn      // nil: not connected
	client *sftp.Client
	agent  net.Conn      // while logging in
	failed error         // of the last attempt to connect
	wait   time.Duration // from the beginning of that attempt to the next
	again  time.Time     // when that is due
}

// callLimit is how long the other side may take for anything: to let us in, or to answer.
const callLimit = 15 * time.Second

// How long it takes until another attempt to connect. A server that does not let us in would soon take us for an
// attacker, and a host key does not become the right one by itself.
const (
	firstWait   = time.Second
	longestWait = 20 * time.Second
	refusedWait = 5 * time.Minute
)

func (s *SFTP) String() string { return s.User + "@" + s.Address + s.Path }

// Stat implements Source.
func (s *SFTP) Stat(ctx context.Context) (i Info, err error) {
	err = s.call(ctx, func(c *sftp.Client) error {
		fi, err := c.Stat(s.Path)
		if err == nil {
			i = remoteInfo(s.Path, fi)
		}
		return err
	})
	return i, err
}

// Rotated implements Source.
func (s *SFTP) Rotated(ctx context.Context) (all []Info, err error) {
	dir, file := path.Split(path.Clean(s.Path))
	err = s.call(ctx, func(c *sftp.Client) error {
		entries, err := c.ReadDirContext(ctx, dir)
		for _, fi := range entries {
			if rotation := Rotation(file, fi.Name()); rotation != "" && fi.Mode().IsRegular() {
				i := remoteInfo(path.Join(dir, fi.Name()), fi)
				i.Rotation = rotation
				all = append(all, i)
			}
		}
		return err
	})
	return all, err
}

// Open implements Source.
func (s *SFTP) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	f := &remoteFile{source: s, ctx: ctx}
	err := s.call(ctx, func(c *sftp.Client) error {
		fi, err := c.Stat(name)
		if err != nil {
			return err
		}
		if !fi.Mode().IsRegular() { // to open a pipe would wait for its writer
			return &fs.PathError{Op: "open", Path: name, Err: errors.New("no regular file")}
		}
		f.File, err = c.Open(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func remoteInfo(name string, fi os.FileInfo) Info {
	return Info{Name: name, Size: fi.Size(), Modified: fi.ModTime().UnixNano()}
}

// remoteFile is a file whose every read is bounded in time.
type remoteFile struct {
	*sftp.File
	source *SFTP
	ctx    context.Context //nolint:containedctx // a file is read within the step that opened it
}

func (f *remoteFile) Read(b []byte) (n int, err error) {
	err = f.source.bounded(f.ctx, func() error {
		n, err = f.File.Read(b)
		return err
	})
	return n, err
}

func (f *remoteFile) Close() error { return f.source.bounded(context.Background(), f.File.Close) }

// call connects if need be, and does something over there.
func (s *SFTP) call(ctx context.Context, do func(*sftp.Client) error) error {
	if s.client == nil {
		if err := s.connect(ctx); err != nil {
			return fmt.Errorf("sftp %s: %w", s, err)
		}
	}
	if err := s.bounded(ctx, func() error { return do(s.client) }); err != nil {
		return fmt.Errorf("sftp %s: %w", s, err)
	}
	return nil
}

// bounded does something over the connection, which it gives up if that fails for want of an answer.
func (s *SFTP) bounded(ctx context.Context, do func() error) error {
	conn := s.conn
	if conn == nil {
		return net.ErrClosed
	}
	stop := s.guard(ctx, conn)
	err := do()
	late := stop()
	_, answered := errors.AsType[*sftp.StatusError](err)
	_, refused := errors.AsType[*fs.PathError](err)
	answered = answered || refused || err == nil || errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
	if late != nil || !answered {
		s.drop()
		return errors.Join(late, err)
	}
	return err
}

// guard closes the connection when ctx ends or the limit is reached. stop says whether it has come to that.
func (s *SFTP) guard(ctx context.Context, conn net.Conn) (stop func() error) {
	limit := s.limit
	if limit == 0 {
		limit = callLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	cut := context.AfterFunc(ctx, func() { conn.Close() }) // that is the purpose
	return func() error {
		defer cancel()
		if cut() {
			return nil
		}
		return context.Cause(ctx)
	}
}

// connect dials, makes sure of the host, and logs in. Soon after a failure it fails the same way without trying.
func (s *SFTP) connect(ctx context.Context) error {
	if time.Now().Before(s.again) {
		return s.failed
	}
	begun := time.Now()
	err := s.login(ctx)
	if ctx.Err() != nil {
		return err
	}
	_, pinned := errors.AsType[*HostKeyError](err)
	switch {
	case err == nil:
		s.wait = 0
	case pinned || isRefusal(err):
		s.wait = refusedWait
	default:
		s.wait = min(max(firstWait, 2*s.wait), longestWait)
	}
	s.failed, s.again = err, begun.Add(s.wait)
	return err
}

func (s *SFTP) login(ctx context.Context) (err error) {
	defer func() {
		if s.agent != nil {
			s.agent.Close() // it has done its work
			s.agent = nil
		}
	}()
	config, err := s.config(ctx)
	if err != nil {
		return err
	}
	limit := s.limit
	if limit == 0 {
		limit = callLimit
	}
	dialing, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(dialing, "tcp", s.Address)
	if err != nil {
		return err
	}
	stop := s.guard(ctx, conn)
	secure, channels, requests, err := ssh.NewClientConn(conn, s.Address, config)
	if err == nil {
		s.client, err = sftp.NewClient(ssh.NewClient(secure, channels, requests))
	}
	if late := stop(); late != nil || err != nil {
		s.client = nil
		conn.Close() // the handshake may have done it
		return errors.Join(late, err)
	}
	s.conn = conn
	return nil
}

func (s *SFTP) drop() {
	if s.conn != nil {
		s.conn.Close() // it is of no use any more
	}
	s.conn, s.client = nil, nil
}

// Close ends the connection. The next call would make another.
func (s *SFTP) Close() error {
	s.drop()
	return nil
}
