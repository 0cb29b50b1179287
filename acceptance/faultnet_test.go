package acceptance

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// outage is a way in which a network fails.
type outage int

const (
	healthy   outage = iota
	refused          // nobody listens, and open connections are cut
	blackHole        // packets vanish
	halfOpen         // connections are made, and nothing is ever answered
	trickle          // every answer comes at a byte a second
)

// faultNet is a network with outages. It carries every connection that is made by its dial.
type faultNet struct {
	to    func(ctx context.Context, network, address string) (net.Conn, error)
	serve func(net.Conn) net.Conn // accepts a TLS connection; nil if there is none

	mu       sync.Mutex
	state    outage
	affected map[string]bool // the addresses that have the outage; nil: all
	links    map[*link]bool
	longest  time.Duration // of the calls that began during an outage, without long polls
}

// outageOf is the outage that the address has now.
func (n *faultNet) outageOf(address string) outage {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.affected != nil && !n.affected[address] {
		return healthy
	}
	return n.state
}

// fail begins an outage of the addresses, or of all if none are given. A dead connection stays dead after the outage.
func (n *faultNet) fail(o outage, addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state, n.affected = o, nil
	for _, a := range addresses {
		if n.affected == nil {
			n.affected = map[string]bool{}
		}
		n.affected[a] = true
	}
	for l := range n.links {
		if n.affected == nil || n.affected[l.address] {
			l.set(o)
			l.measured = l.measured && o != healthy
		}
	}
}

// heal ends the outage.
func (n *faultNet) heal() { n.fail(healthy) }

// dial opens a connection.
func (n *faultNet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	begun, state := time.Now(), n.outageOf(address)
	switch state {
	case refused:
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	case blackHole:
		select {
		case <-ctx.Done():
		case <-time.After(dialLimit):
		}
		n.took(time.Since(begun))
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}
	far, err := n.to(ctx, network, address)
	if err != nil {
		return nil, err
	}
	near, end := net.Pipe()
	l := &link{faultNet: n, address: address, begun: begun, measured: state != healthy, end: end, far: far}
	l.set(state)
	n.mu.Lock()
	if n.links == nil {
		n.links = map[*link]bool{}
	}
	n.links[l] = true
	n.mu.Unlock()
	go l.run()
	return addressed{near, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))}, nil
}

// dialLimit is that of the program's own dialers: net/http goes on dialing when nobody waits for it any longer.
const dialLimit = 15 * time.Second

// addressed is a connection with a remote address.
type addressed struct {
	net.Conn
	remote net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.remote }

// close closes all connections, and waits for dials that nobody else waits for any more: nothing may outlive a bubble.
func (n *faultNet) close() {
	n.mu.Lock()
	for l := range n.links {
		l.end.Close()
		l.far.Close()
	}
	n.mu.Unlock()
	time.Sleep(dialLimit)
}

func (n *faultNet) took(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.longest = max(n.longest, d)
}

// slowest is how long the longest call took.
func (n *faultNet) slowest() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.longest
}

// link is one connection.
type link struct {
	*faultNet
	address  string
	begun    time.Time
	measured bool // it was made in the present outage
	end, far net.Conn

	state struct {
		sync.Mutex
		outage
	}
}

// set begins an outage of the link. A silent link stays silent.
func (l *link) set(o outage) {
	l.state.Lock()
	defer l.state.Unlock()
	switch {
	case o == refused:
		l.end.Close()
		l.far.Close()
	case !silent(l.state.outage):
		l.state.outage = o
	}
}

func (l *link) get() outage {
	l.state.Lock()
	defer l.state.Unlock()
	return l.state.outage
}

// run carries bytes both ways until either side ends.
func (l *link) run() {
	waits := false // a long poll, or the gateway
	var answers sync.WaitGroup
	first := make([]byte, 64<<10)
	n, _ := l.end.Read(first)
	begin := first[:n]
	var near net.Conn = &replayed{l.end, begin}
	if l.serve != nil && n > 0 && begin[0] == 0x16 && l.get() == healthy { // a TLS handshake
		near = l.serve(near)
	}
	answers.Go(func() {
		l.carry(near, l.far, true, func([]byte) {})
		if !silent(l.get()) { // otherwise nobody notices that the other side is gone
			near.Close()
		}
	})
	l.carry(l.far, near, false, func(b []byte) {
		waits = waits || bytes.Contains(b, []byte("/getUpdates")) || bytes.Contains(b, []byte("GET /gw"))
	})
	ended := time.Now()
	l.end.Close()
	l.far.Close()
	answers.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.links, l)
	if l.measured && !waits {
		l.longest = max(l.longest, ended.Sub(l.begun))
	}
}

// silent reports whether nothing is transmitted during the outage.
func silent(o outage) bool { return o == blackHole || o == halfOpen }

// carry copies bytes as far as the outage allows.
func (l *link) carry(to, from net.Conn, answers bool, look func([]byte)) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		look(b[:n])
		for rest := b[:n]; len(rest) > 0 && !silent(l.get()); {
			piece := len(rest)
			if answers && l.get() == trickle {
				time.Sleep(time.Second)
				piece = 1
			}
			if _, werr := to.Write(rest[:piece]); werr != nil {
				return
			}
			rest = rest[piece:]
		}
		if err != nil {
			return
		}
	}
}

// replayed is a connection whose first bytes have already been read.
type replayed struct {
	net.Conn
	begin []byte
}

func (r *replayed) Read(b []byte) (int, error) {
	if len(r.begin) == 0 {
		return r.Conn.Read(b)
	}
	n := copy(b, r.begin)
	r.begin = r.begin[n:]
	return n, nil
}
