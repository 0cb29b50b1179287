package stream

import (
	"errors"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// denial keeps what a server refuses a connection: it tells the connection so, and does not answer the message.
type denial struct {
	mu  sync.Mutex
	all map[string]chan struct{} // by subject; closed: refused
}

// note is a nats.ErrHandler.
func (d *denial) note(_ *nats.Conn, _ *nats.Subscription, err error) {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return
	}
	// Permissions Violation for Publish to "bans.web1"
	_, rest, _ := strings.Cut(err.Error(), `"`)
	subject, _, ok := strings.Cut(rest, `"`)
	if ok {
		c := d.of(subject)
		d.mu.Lock()
		defer d.mu.Unlock()
		select {
		case <-c:
		default:
			close(c)
		}
	}
}

// forget makes it as if nothing had been refused.
func (d *denial) forget() {
	d.mu.Lock()
	d.all = nil
	d.mu.Unlock()
}

// of returns what is closed when a subject is refused.
func (d *denial) of(subject string) chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.all[subject]
	if c == nil {
		c = make(chan struct{})
		if d.all == nil {
			d.all = map[string]chan struct{}{}
		}
		d.all[subject] = c
	}
	return c
}
