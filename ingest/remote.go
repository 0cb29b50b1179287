package ingest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxRemoteAnswer bounds what is read of a command's output, in bytes.
const maxRemoteAnswer = 4 << 10

// Remote is an account on another machine that runs one command at a time, each over a connection of its own. The
// machine's key is pinned as that of an SFTP source.
type Remote struct {
	User       string
	Address    string // host:port
	KeyFile    string // a private key without a passphrase
	KnownHosts string // the file that pins the host's key

	// Dial opens connections; nil: the net package does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Within is how long all of it may take; 0: 15 seconds.
	Within time.Duration
}

// Run runs the command and returns what it prints, up to 4 KiB. begun is whether the host may have begun to run it:
// without that, it certainly has not.
func (m *Remote) Run(ctx context.Context, command string) (out string, begun bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(m.Within, callTimeout))
	defer cancel()
	host := &SFTP{User: m.User, Address: m.Address, KeyFile: m.KeyFile, KnownHosts: m.KnownHosts}
	config, err := host.config(ctx)
	if err != nil {
		return "", false, err
	}
	dial := m.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	raw, err := dial(ctx, "tcp", m.Address)
	if err != nil {
		return "", false, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	conn := &meteredConn{Conn: raw}
	conn.left.Store(maxAnswer)
	secure, channels, requests, err := ssh.NewClientConn(conn, m.Address, config)
	if err != nil {
		raw.Close() // the handshake may have done so already
		return "", false, timedOut(ctx, err)
	}
	client := ssh.NewClient(secure, channels, requests)
	defer client.Close() //nolint:errcheck // all is said
	session, err := client.NewSession()
	if err != nil {
		return "", false, timedOut(ctx, err)
	}
	var answer bytes.Buffer
	session.Stdout = &limitedWriter{&answer, maxRemoteAnswer}
	err = session.Run(command)
	return answer.String(), true, timedOut(ctx, err)
}

// timedOut says that the time was over, where that is why.
func timedOut(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	}
	return err
}

// limitedWriter takes so many bytes, and refuses more.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, io.ErrShortWrite
	}
	l.left -= len(p)
	return l.w.Write(p)
}
