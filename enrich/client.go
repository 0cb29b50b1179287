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

// Resolver queries one server about one address.
type Resolver interface {
	// Resolve returns the server's answer. The error tells how to go on: *RefusedError means to back off from the
	// server, *UnreachableError likewise for a shorter time, *ReferralError to ask another one, *NoDataError to retry
	// later.
	Resolve(ctx context.Context, server string, a netip.Addr) (Answer, error)
}

// Answer is what a registry says about an address.
type Answer struct {
	Country  store.Country  // "" if the answer has none
	Networks []netip.Prefix // to which it applies, including that of the address
	Name     string         // of the network or its holder, cleaned
}

// RefusedError reports a server that refuses to answer for now.
type RefusedError struct{ Server, Said string }

func (e *RefusedError) Error() string { return fmt.Sprintf("%s refuses: %s", e.Server, e.Said) }

// UnreachableError reports a server that cannot be reached, or whose answer exceeds the limits of time and size.
type UnreachableError struct {
	Server string
	Err    error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("%s: %v", e.Server, e.Err) }
func (e *UnreachableError) Unwrap() error { return e.Err }

// ReferralError reports a server that is not responsible for a block.
type ReferralError struct {
	Server string
	Other  string       // the server it refers to, if that is one of the registries; else ""
	Block  netip.Prefix // for which IANA names the other server; the zero Prefix if it is not known
	Said   string       // the block's name, or a referral that cannot be followed
}

func (e *ReferralError) Error() string {
	if e.Other != "" {
		return fmt.Sprintf("%s refers to %s (%s)", e.Server, e.Other, e.Said)
	}
	return fmt.Sprintf("%s knows nothing of it (%s)", e.Server, e.Said)
}

// NoDataError reports a reply that contains no answer.
type NoDataError struct{ Server, Why string }

func (e *NoDataError) Error() string { return fmt.Sprintf("%s: %s", e.Server, e.Why) }

// TooLongError reports a reply of more than Limit bytes.
type TooLongError struct{ Limit int }

func (e *TooLongError) Error() string { return fmt.Sprintf("reply of more than %d bytes", e.Limit) }

const (
	maxReply      = 64 << 10         // bytes
	lookupTimeout = 10 * time.Second // for all queries about an address together
)

// Client speaks whois (RFC 3912). It sends nothing but addresses and its own flags, follows no referrals by itself, and
// reads at most 64 KiB in at most 10 s. The zero Client is ready to use.
type Client struct {
	// Dial opens connections; nil: the net package, to public addresses only.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Resolve queries server, a registry's host or the host:port of a mirror.
func (c *Client) Resolve(ctx context.Context, server string, a netip.Addr) (Answer, error) {
	text, whole, err := c.query(ctx, server, a.Unmap().WithZone(""))
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
		if other, ok := registryHost(r.refer); ok && other != server {
			e.Other = other
		} else if r.refer != "" {
			e.Said = store.Clean(r.refer, 80)
		}
		return Answer{}, e
	}
	return Answer{}, &NoDataError{server, string(r.kind)}
}

// parseIANA returns, as a *ReferralError, the server that IANA names for the block of the address.
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
	other, ok := registryHost(refer)
	if refer == "" {
		other, ok = arin, true // ARIN knows the blocks that were assigned before there were registries
	}
	if !ok || other == iana {
		return &NoDataError{iana, "refers to " + store.Clean(refer, 80)}
	}
	own, _ := best.rangeAround(a)
	e := &ReferralError{Server: iana, Other: other, Said: best.title()}
	if all := own.prefixes(); len(all) == 1 && all[0].Bits() >= 8 {
		e.Block = all[0]
	}
	return e
}

// query returns the server's reply, and whether it is complete, ending in a newline.
func (c *Client) query(ctx context.Context, server string, a netip.Addr) (text string, whole bool, err error) {
	// The library is known to panic on replies that are truncated in the wrong place.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("whois library: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	d := c.dialer(ctx, server)
	reg := registryOf(server)
	_, err = whois.NewClient().SetDisableStats(true).SetDisableReferral(true).SetTimeout(lookupTimeout).SetDialer(d).
		Whois(reg.before+a.String()+reg.after, server)
	// The library trims the reply, and with it the indentation of the first line, which tells how to read the others.
	text = string(d.reply)
	// What a server says before it closes the connection may be the reason why.
	if err != nil && text != "" && parse(text, a).kind == refusal {
		return text, false, nil
	}
	return text, strings.HasSuffix(text, "\n"), err
}

// dialer returns a dialer for server, a registry's host or the host:port of a mirror.
func (c *Client) dialer(ctx context.Context, server string) *dialer {
	d := &dialer{ctx: ctx, dial: c.Dial, address: server}
	if d.dial == nil {
		d.dial = (&net.Dialer{Control: publicOnly}).DialContext
	}
	if _, _, err := net.SplitHostPort(server); err != nil {
		d.address = net.JoinHostPort(server, "43")
	}
	if _, ok := registries[server]; !ok && c.Dial == nil {
		d.dial = (&net.Dialer{}).DialContext // a mirror may be on the local network
	}
	return d
}

// publicOnly refuses connections outside the public Internet, whatever a name resolves to.
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

// dialer opens a connection to its own address, whatever the library asks for, and ends it when ctx ends. It keeps what
// the server sends.
type dialer struct {
	ctx     context.Context //nolint:containedctx // the library's interface takes none
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	address string
	reply   []byte
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
	return &limited{Conn: c, left: maxReply, stop: stop, kept: &d.reply}, nil
}

// limited is a connection from which a limited number of bytes can be read, and whose deadline cannot be changed.
type limited struct {
	net.Conn
	left int     // bytes
	kept *[]byte // all that was read
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
	*c.kept = append(*c.kept, b[:n]...)
	return n, err
}

func (c *limited) Close() error {
	c.stop()
	return c.Conn.Close()
}

func (c *limited) SetDeadline(time.Time) error      { return nil }
func (c *limited) SetReadDeadline(time.Time) error  { return nil }
func (c *limited) SetWriteDeadline(time.Time) error { return nil }

// Registries returns the hosts that get nearly all queries, in order: IANA, and the five regional registries.
func Registries() []string {
	return []string{iana, "whois.afrinic.net", "whois.apnic.net", arin, "whois.lacnic.net", "whois.ripe.net"}
}

// Reach opens the connection that Resolve would use, and closes it. It sends no query, so that no registry counts one.
// The context limits the time.
func (c *Client) Reach(ctx context.Context, server string) error {
	d := c.dialer(ctx, server)
	conn, err := d.dial(ctx, "tcp", d.address)
	if err != nil {
		return err
	}
	return conn.Close()
}
