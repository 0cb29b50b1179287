package enrich

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/likexian/whois"

	"friendlyfire/store"
)

// Resolver asks one server for one address.
type Resolver interface {
	// Resolve returns what the server says. The error tells what to do: *RefusedError leave the server alone,
	// *UnreachableError likewise for a shorter time, *ReferralError ask another, *NoDataError ask again later.
	Resolve(ctx context.Context, server string, a netip.Addr) (Answer, error)
}

// Answer is what a registry says of an address.
type Answer struct {
	Country  store.Country  // "" where it answers without one
	Networks []netip.Prefix // that it is true of, the address's own among them
	Name     string         // of the network or its holder, cleaned
}

// RefusedError is a server that will not answer for now.
type RefusedError struct{ Server, Said string }

func (e *RefusedError) Error() string { return fmt.Sprintf("%s refuses: %s", e.Server, e.Said) }

// UnreachableError is a server that cannot be reached, or does not end its answer within time and size.
type UnreachableError struct {
	Server string
	Err    error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("%s: %v", e.Server, e.Err) }
func (e *UnreachableError) Unwrap() error { return e.Err }

// ReferralError is a server that has nothing to say of a block.
type ReferralError struct {
	Server string
	Other  string       // who has, if the server says so and it is one of the registries; else ""
	Block  netip.Prefix // that IANA names the other server for; the zero Prefix where it is not told
	Said   string       // the block's name, or what was referred to in vain
}

func (e *ReferralError) Error() string {
	if e.Other != "" {
		return fmt.Sprintf("%s refers to %s (%s)", e.Server, e.Other, e.Said)
	}
	return fmt.Sprintf("%s knows nothing of it (%s)", e.Server, e.Said)
}

// NoDataError is a reply without an answer in it.
type NoDataError struct{ Server, Why string }

func (e *NoDataError) Error() string { return fmt.Sprintf("%s: %s", e.Server, e.Why) }

// TooLongError is a reply of more than its Limit of bytes.
type TooLongError struct{ Limit int }

func (e *TooLongError) Error() string { return fmt.Sprintf("reply of more than %d bytes", e.Limit) }

const (
	maxReply = 64 << 10         // bytes
	patience = 10 * time.Second // for an address, all questions together
)

// Client speaks whois (RFC 3912). It sends nothing but addresses and its own flags, follows nothing by itself, and
// reads 64 KiB in 10 s at most. The zero Client works.
type Client struct {
	// Dial opens connections; nil: the net package, to public addresses only.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Resolve asks server, a registry's host or the host:port of a mirror.
func (c *Client) Resolve(ctx context.Context, server string, a netip.Addr) (Answer, error) {
	text, whole, err := c.ask(ctx, server, a.Unmap().WithZone(""))
	if err != nil {
		return Answer{}, &UnreachableError{server, err}
	}
	if server == iana {
		return Answer{}, parseIANA(text, a)
	}
	r := parse(text, a)
	switch r.kind {
	case answer:
		if r.country == "" && !whole {
			return Answer{}, &NoDataError{server, "reply cut off"}
		}
		return Answer{r.country, r.networks, r.name}, nil
	case refusal:
		return Answer{}, &RefusedError{server, r.said}
	case referral, placeholder:
		e := &ReferralError{Server: server, Said: r.name}
		if other, ok := host(r.refer); ok && other != server {
			e.Other = other
		} else if r.refer != "" {
			e.Said = store.Clean(r.refer, 80)
		}
		return Answer{}, e
	}
	return Answer{}, &NoDataError{server, string(r.kind)}
}

// parseIANA reads whom IANA names for the block that holds the address.
func parseIANA(text string, a netip.Addr) error {
	p := parser{}
	var refer string
	for line := range strings.SplitSeq(text, "\n") {
		p.line(strings.TrimRight(line, "\r"))
		if key, value := split(line); refer == "" && (key == "refer" || key == "whois") {
			refer = value
		}
	}
	if refer == "" && p.refused != "" {
		return &RefusedError{iana, store.Clean(p.refused, 120)}
	}
	best := p.best(a)
	if best == nil {
		return &NoDataError{iana, "no block in its reply"}
	}
	other, ok := host(refer)
	if refer == "" {
		other, ok = arin, true // blocks from before there were registries are told of by ARIN
	}
	if !ok || other == iana {
		return &NoDataError{iana, "refers to " + store.Clean(refer, 80)}
	}
	own, _ := best.addrRange(a)
	e := &ReferralError{Server: iana, Other: other, Said: best.title()}
	if all := own.prefixes(); len(all) == 1 && all[0].Bits() >= 8 {
		e.Block = all[0]
	}
	return e
}

// ask returns what the server says, and whether it ends as a text does, with a newline.
func (c *Client) ask(ctx context.Context, server string, a netip.Addr) (text string, whole bool, err error) {
	// The library is known to panic on a reply that is cut off in the wrong place.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("whois library: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d := c.dialer(ctx, server)
	g := rules(server)
	text, err = whois.NewClient().SetDisableStats(true).SetDisableReferral(true).SetTimeout(patience).SetDialer(d).
		Whois(g.before+a.String()+g.after, server)
	// What a server says before it cuts the connection off may be the reason why.
	if err != nil && text != "" && parse(text, a).kind == refusal {
		return text, false, nil
	}
	return text, d.last == '\n', err
}

// dialer is the way to server, a registry's host or the host:port of a mirror.
func (c *Client) dialer(ctx context.Context, server string) *dialer {
	d := &dialer{ctx: ctx, dial: c.Dial, address: server}
	if d.dial == nil {
		d.dial = (&net.Dialer{Control: publicOnly}).DialContext
	}
	if _, _, err := net.SplitHostPort(server); err != nil {
		d.address = net.JoinHostPort(server, "43")
	}
	if _, ok := registries[server]; !ok && c.Dial == nil {
		d.dial = (&net.Dialer{}).DialContext // a mirror may stand next door
	}
	return d
}

// publicOnly refuses connections to what is not on the public Internet, whatever a name resolves to.
func publicOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !Public(to.Addr()) {
		return fmt.Errorf("%s is not an address of the public Internet", to.Addr())
	}
	return nil
}

// dialer gives the library one connection, to one address, whatever it asks for, and ends it with ctx.
type dialer struct {
	ctx     context.Context //nolint:containedctx // the library's interface has no place for one
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	address string
	last    byte // of the reply
}

func (d *dialer) Dial(network, _ string) (net.Conn, error) {
	c, err := d.dial(d.ctx, network, d.address)
	if err != nil {
		return nil, err
	}
	if deadline, ok := d.ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	stop := context.AfterFunc(d.ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return &limited{Conn: c, left: maxReply, stop: stop, last: &d.last}, nil
}

// limited is a connection of so many bytes, whose deadline is nobody else's to set.
type limited struct {
	net.Conn
	left int
	last *byte
	stop func() bool
}

func (c *limited) Read(b []byte) (int, error) {
	if c.left == 0 {
		// A reply of exactly the limit ends here; one more byte is too many.
		n, err := c.Conn.Read(b[:1])
		if n > 0 {
			err = &TooLongError{maxReply}
		}
		return 0, err
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	if n > 0 {
		*c.last = b[n-1]
	}
	return n, err
}

func (c *limited) Close() error {
	c.stop()
	return c.Conn.Close()
}

func (c *limited) SetDeadline(time.Time) error      { return nil }
func (c *limited) SetReadDeadline(time.Time) error  { return nil }
func (c *limited) SetWriteDeadline(time.Time) error { return nil }

// Registries returns the hosts that nearly all questions go to, in order: IANA, and the five registries of the regions.
func Registries() []string {
	return []string{iana, "whois.afrinic.net", "whois.apnic.net", arin, "whois.lacnic.net", "whois.ripe.net"}
}

// Reach opens the connection that Resolve would, and closes it: nothing is asked, so that no registry counts it.
// The context bounds the time.
func (c *Client) Reach(ctx context.Context, server string) error {
	d := c.dialer(ctx, server)
	conn, err := d.dial(ctx, "tcp", d.address)
	if err != nil {
		return err
	}
	return conn.Close()
}
