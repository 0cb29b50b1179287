package fleet

import (
	"context"
	"net"
	"sync"
)

// Dialer opens a connection.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Gate lets no byte through to a platform unless the bot speaks. It is the last look before the bytes leave the
// program: a process may be stopped for any time between two of its instructions.
type Gate struct {
	Speaks func() bool
	Dial   Dialer // nil: in the usual way

	mu    sync.Mutex
	conns map[*gatedConn]struct{}
}

// DialContext opens a connection, if the bot speaks.
func (g *Gate) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if !g.Speaks() {
		return nil, ErrSilent
	}
	dial := g.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialLimit, KeepAlive: dialLimit}).DialContext
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	gated := &gatedConn{Conn: conn, gate: g}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conns == nil {
		g.conns = map[*gatedConn]struct{}{}
	}
	g.conns[gated] = struct{}{}
	return gated, nil
}

// Shut closes all connections. What they have not sent is not sent any more.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // it is about to be closed
		}
		_ = c.Conn.Close() // nobody uses it
	}
	clear(g.conns)
}

// gatedConn is a connection to a platform.
type gatedConn struct {
	net.Conn
	gate *Gate
}

// Write writes, if the bot speaks, and has since the connection was opened.
func (c *gatedConn) Write(b []byte) (int, error) {
	if !c.gate.Speaks() {
		return 0, ErrSilent
	}
	return c.Conn.Write(b)
}

// Close closes the connection.
func (c *gatedConn) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.conns, c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}
