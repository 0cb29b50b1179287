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

// SFTP is a file on another machine. It keeps one connection open, and must be used by one goroutine at a time.
type SFTP struct {
	User       string
	Address    string // host:port
	Path       string // from the root
	KeyFile    string // a private key without a passphrase; "": use the agent of SSH_AUTH_SOCK
	KnownHosts string // the file that pins the host's key; "": the user's own known_hosts

	// Dial opens connections; nil: the net package does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	timeout time.Duration // of every call; 0: callTimeout
	conn    *meteredConn  // nil: not connected
	client  *sftp.Client
	agent   net.Conn      // while logging in
	lastErr error         // of the last attempt to connect
	backoff time.Duration // from the start of that attempt to the next
	retryAt time.Time     // time of the next attempt
}

// callTimeout is how long the host may take for anything: to log us in, or to answer.
const callTimeout = 15 * time.Second

// Backoff between attempts to connect. A server that refuses our login would soon take us for an attacker, and a wrong
// host key does not correct itself.
const (
	minBackoff     = time.Second
	maxBackoff     = 20 * time.Second
	refusedBackoff = 5 * time.Minute
)

func (s *SFTP) String() string { return s.User + "@" + s.Address + s.Path }

// Stat implements Source.
func (s *SFTP) Stat(ctx context.Context) (Info, error) { return s.statAt(ctx, s.Path) }

func (s *SFTP) statAt(ctx context.Context, file string) (i Info, err error) {
	err = s.call(ctx, func(c *sftp.Client) error {
		fi, err := c.Stat(file)
		if err == nil {
			i = remoteInfo(file, fi)
		}
		return err
	})
	return i, err
}

// Rotated implements Source.
func (s *SFTP) Rotated(ctx context.Context) ([]Info, error) { return s.rotatedAt(ctx, s.Path) }

func (s *SFTP) rotatedAt(ctx context.Context, live string) (all []Info, err error) {
	dir, file := path.Split(path.Clean(live))
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
		if !fi.Mode().IsRegular() { // opening a pipe would wait for its writer
			return &fs.PathError{Op: "open", Path: name, Err: errors.New("no regular file")}
		}
		f.file, err = c.Open(name)
		f.size = fi.Size()
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

// call connects if necessary, and runs do.
func (s *SFTP) call(ctx context.Context, do func(*sftp.Client) error) error {
	if s.client == nil {
		if err := s.connect(ctx); err != nil {
			return fmt.Errorf("sftp %s: %w", s, err)
		}
	}
	if err := s.withTimeout(ctx, func() error { return do(s.client) }); err != nil {
		return fmt.Errorf("sftp %s: %w", s, err)
	}
	return nil
}

// withTimeout runs do, which uses the connection, and disconnects if the host does not answer in time.
func (s *SFTP) withTimeout(ctx context.Context, do func() error) error {
	conn := s.conn
	if conn == nil {
		return net.ErrClosed
	}
	conn.left.Store(maxAnswer)
	stop := s.closeOnTimeout(ctx, conn)
	err := do()
	timedOut := stop()
	_, status := errors.AsType[*sftp.StatusError](err)
	_, refused := errors.AsType[*fs.PathError](err)
	// A bare io.EOF is the end of a file. A wrapped one says that a request could not be sent.
	answered := status || refused || err == nil || err == io.EOF || //nolint:errorlint // see above
		errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
	if timedOut == nil && answered {
		return err
	}
	s.disconnect()
	if conn.left.Load() <= 0 {
		return errAnswer
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %v", net.ErrClosed, err) //nolint:errorlint // nobody may take it for the end of a file
	}
	return errors.Join(timedOut, err)
}

// closeOnTimeout closes the connection when ctx ends or the timeout expires, unless stop is called before. stop returns
// why the connection was closed, or nil.
func (s *SFTP) closeOnTimeout(ctx context.Context, conn net.Conn) (stop func() error) {
	timeout := s.timeout
	if timeout == 0 {
		timeout = callTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	stopTimer := context.AfterFunc(ctx, func() { conn.Close() })
	return func() error {
		defer cancel()
		if stopTimer() {
			return nil
		}
		return context.Cause(ctx)
	}
}

// connect dials, verifies the host key, and logs in. During the backoff after a failure it returns the same error
// again.
func (s *SFTP) connect(ctx context.Context) error {
	if time.Now().Before(s.retryAt) {
		return s.lastErr
	}
	begun := time.Now()
	err := s.login(ctx)
	if ctx.Err() != nil {
		return err
	}
	_, pinned := errors.AsType[*HostKeyError](err)
	switch {
	case err == nil:
		s.backoff = 0
	case pinned || isRefusal(err):
		s.backoff = refusedBackoff
	default:
		s.backoff = min(max(minBackoff, 2*s.backoff), maxBackoff)
	}
	s.lastErr, s.retryAt = err, begun.Add(s.backoff)
	return err
}

func (s *SFTP) login(ctx context.Context) (err error) {
	defer func() {
		if s.agent != nil {
			s.agent.Close() // it is no longer needed
			s.agent = nil
		}
	}()
	config, err := s.config(ctx)
	if err != nil {
		return err
	}
	timeout := s.timeout
	if timeout == 0 {
		timeout = callTimeout
	}
	dialing, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	raw, err := dial(dialing, "tcp", s.Address)
	if err != nil {
		return err
	}
	conn := &meteredConn{Conn: raw}
	conn.left.Store(maxAnswer)
	stop := s.closeOnTimeout(ctx, conn)
	secure, channels, requests, err := ssh.NewClientConn(conn, s.Address, config)
	if err == nil {
		s.client, err = sftp.NewClient(ssh.NewClient(secure, channels, requests))
	}
	if timedOut := stop(); timedOut != nil || err != nil {
		s.client = nil
		conn.Close() // the handshake may have done so already
		return errors.Join(timedOut, err)
	}
	s.conn = conn
	return nil
}

func (s *SFTP) disconnect() {
	if s.conn != nil {
		s.conn.Close() // it is useless anyway
	}
	s.conn, s.client = nil, nil
}

// Close closes the connection. A later call would open a new one.
func (s *SFTP) Close() error {
	s.disconnect()
	return nil
}
