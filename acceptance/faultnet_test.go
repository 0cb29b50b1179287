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

// outage is what has befallen the way to the world.
type outage int

const (
	fair      outage = iota
	refused          // nobody listens, and what was connected is cut
	blackHole        // nothing arrives, and nobody says so
	halfOpen         // connections are made, and nothing is ever answered
	dribble          // every answer comes a byte a second
)

// road is the way to the world. Every connection goes through it, and outages happen on it.
type road struct {
	to    func(ctx context.Context, network, address string) (net.Conn, error)
	serve func(net.Conn) net.Conn // how a server hears TLS; nil: it does not

	mu      sync.Mutex
	state   outage
	struck  map[string]bool // addresses that the outage is for; nil: all
	links   map[*link]bool
	longest time.Duration // of the calls that were begun in an outage, but for those that are meant to wait
}

// meets is what a connection to the address meets now.
func (r *road) meets(address string) outage {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.struck != nil && !r.struck[address] {
		return fair
	}
	return r.state
}

// strike begins an outage for the addresses, for all if none are given; fair ends it. What was connected stays as the
// outage has left it: a dead connection does not come back to life.
func (r *road) strike(o outage, addresses ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.struck = o, nil
	for _, a := range addresses {
		if r.struck == nil {
			r.struck = map[string]bool{}
		}
		r.struck[a] = true
	}
	for l := range r.links {
		if r.struck == nil || r.struck[l.address] {
			l.meet(o)
			l.judged = l.judged && o != fair
		}
	}
}

// dial opens a connection as a world does.
func (r *road) dial(ctx context.Context, network, address string) (net.Conn, error) {
	begun, state := time.Now(), r.meets(address)
	switch state {
	case refused:
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	case blackHole:
		select {
		case <-ctx.Done():
		case <-time.After(dialLimit):
		}
		r.took(time.Since(begun))
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}
	far, err := r.to(ctx, network, address)
	if err != nil {
		return nil, err
	}
	near, end := net.Pipe()
	l := &link{road: r, address: address, begun: begun, judged: state != fair, end: end, far: far}
	l.meet(state)
	r.mu.Lock()
	if r.links == nil {
		r.links = map[*link]bool{}
	}
	r.links[l] = true
	r.mu.Unlock()
	go l.run()
	return named{near, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))}, nil
}

// dialLimit is that of the program's own dialers: net/http lets a dial go on that nobody waits for any more.
const dialLimit = 15 * time.Second

// named is a connection that knows where it leads.
type named struct {
	net.Conn
	remote net.Addr
}

func (n named) RemoteAddr() net.Addr { return n.remote }

// close ends all connections, and waits for dials that nobody else waits for any more: nothing may outlive a bubble.
func (r *road) close() {
	r.mu.Lock()
	for l := range r.links {
		l.end.Close()
		l.far.Close()
	}
	r.mu.Unlock()
	time.Sleep(dialLimit)
}

func (r *road) took(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.longest = max(r.longest, d)
}

// slowest is how long the longest call took.
func (r *road) slowest() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.longest
}

// link is one connection.
type link struct {
	*road
	address  string
	begun    time.Time
	judged   bool // it was made in the outage that goes on
	end, far net.Conn

	state struct {
		sync.Mutex
		outage
	}
}

// meet puts the link into the state. What is mute stays so.
func (l *link) meet(o outage) {
	l.state.Lock()
	defer l.state.Unlock()
	switch {
	case o == refused:
		l.end.Close()
		l.far.Close()
	case !mute(l.state.outage):
		l.state.outage = o
	}
}

func (l *link) met() outage {
	l.state.Lock()
	defer l.state.Unlock()
	return l.state.outage
}

// run carries bytes both ways until either side ends.
func (l *link) run() {
	waits := false
	var answers sync.WaitGroup
	first := make([]byte, 64<<10)
	n, _ := l.end.Read(first)
	begins := first[:n]
	var near net.Conn = &replayed{l.end, begins}
	if l.serve != nil && n > 0 && begins[0] == 0x16 && l.met() == fair { // a TLS handshake
		near = l.serve(near)
	}
	answers.Go(func() {
		l.carry(near, l.far, true, func([]byte) {})
		if !mute(l.met()) { // else nobody hears that the other side has gone
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
	if l.judged && !waits {
		l.longest = max(l.longest, ended.Sub(l.begun))
	}
}

// mute is an outage in which nothing is heard any more.
func mute(o outage) bool { return o == blackHole || o == halfOpen }

// carry copies what comes, as the outage allows.
func (l *link) carry(to, from net.Conn, answers bool, look func([]byte)) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		look(b[:n])
		for rest := b[:n]; len(rest) > 0 && !mute(l.met()); {
			piece := len(rest)
			if answers && l.met() == dribble {
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

// replayed is a connection of which the beginning has been read.
type replayed struct {
	net.Conn
	begins []byte
}

func (r *replayed) Read(b []byte) (int, error) {
	if len(r.begins) == 0 {
		return r.Conn.Read(b)
	}
	n := copy(b, r.begins)
	r.begins = r.begins[n:]
	return n, nil
}
