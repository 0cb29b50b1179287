package mail

import (
	"context"
	"errors"
	"net"

	"friendlyfire/bot/mail/mailtest"
)

// cutConn breaks after so many bytes were written.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Write(p []byte) (int, error) {
	if len(p) > c.left {
		n, _ := c.Conn.Write(p[:c.left])
		_ = c.Close()
		return n, errors.New("connection reset by peer")
	}
	c.left -= len(p)
	return c.Conn.Write(p)
}

// cutAfter dials connections that break after so many bytes.
func cutAfter(s *mailtest.Server, bytes int) Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := s.Dial(ctx, network, address)
		return &cutConn{conn, bytes}, err
	}
}
