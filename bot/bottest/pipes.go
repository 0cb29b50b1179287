// Package bottest is what the tests of all platforms share: the part of a fake server that is the same everywhere, and
// the setup of a client. It knows no platform.
package bottest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Pipes is a net.Listener whose connections are pipes in memory, so that a server and its clients can run in a
// testing/synctest bubble.
type Pipes struct {
	port  int
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
}

// NewPipes returns a listener whose address is 127.0.0.1 and this port.
func NewPipes(port int) *Pipes {
	return &Pipes{port: port, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Dial connects to the listener.
func (p *Pipes) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *Pipes) Close() error {
	p.close.Do(func() { close(p.done) })
	return nil
}

// Addr returns an address for a bot's configuration, which nobody dials.
func (p *Pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p.port} }
