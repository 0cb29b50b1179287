package stream

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"friendlyfire/store"
)

// Publisher publishes what an agent has read and not yet published.
type Publisher struct {
	Store   *store.Store
	Cluster Cluster
	Again   func(time.Duration) // called when the next step should not wait longer; may be nil

	conn   *nats.Conn // nil: not connected yet
	js     jetstream.JetStream
	key    []byte
	denied denial
}

// window is how many messages are on their way at a time. What a kill leaves of them is published again.
const window = 256

// Step publishes, in the order in which it was read, all that is not yet published, and returns when there is no more.
// What the stream has acknowledged is never published again, unless the program ends before that is kept: then the
// stream drops the repeat within its window, and the bot does so at any time.
func (p *Publisher) Step(ctx context.Context) error {
	err := p.step(ctx)
	if err != nil && p.Again != nil {
		p.Again(time.Second)
	}
	return err
}

func (p *Publisher) step(ctx context.Context) error {
	for {
		all, err := p.Store.Outgoing(ctx, window)
		if err != nil || len(all) == 0 {
			return err
		}
		if err := p.open(ctx); err != nil {
			return err
		}
		all = independent(all)
		done, err := p.publish(ctx, all)
		if done > 0 {
			err = errors.Join(err, p.Store.Published(ctx, all[done-1].ID))
		}
		if err != nil {
			return err
		}
	}
}

// Close closes the connection.
func (p *Publisher) Close() {
	if p.conn != nil {
		p.conn.Close()
	}
}

// open connects, if there is no connection, and gets the key of the identities.
func (p *Publisher) open(ctx context.Context) (err error) {
	if p.key == nil {
		if p.key, err = p.identityKey(ctx); err != nil {
			return err
		}
	}
	if p.conn != nil && !p.conn.IsClosed() {
		return nil
	}
	p.conn, err = p.Cluster.connect(ctx, nats.ErrorHandler(p.denied.note))
	if err != nil {
		p.conn = nil
		return err
	}
	p.js, err = jetstream.New(p.conn, jetstream.WithPublishAsyncTimeout(answerTimeout))
	return err
}

// keyName is under which value the database has the key of the identities.
const keyName = "fleet/key"

// identityKey returns the key by which the messages are named. The stream drops a message whose name it has seen, from
// whatever server: by a name that others could guess, one agent could suppress the bans of another.
func (p *Publisher) identityKey(ctx context.Context) ([]byte, error) {
	text, err := p.Store.Value(ctx, keyName)
	if err != nil {
		return nil, err
	}
	if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) > 0 {
		return key, nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails: crypto/rand
	return key, p.Store.SetValue(ctx, keyName, base64.StdEncoding.EncodeToString(key))
}

// name is that of a message: the same for the same record, in this database.
func (p *Publisher) name(r Record) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(r.identity()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// independent returns the first of the records, as far as no two of them are about the same address in the same jail: if
// one were lost on its way and the next one not, they would change places.
func independent(all []store.Outgoing) []store.Outgoing {
	type about struct{ server, jail, address string }
	seen := map[about]bool{}
	for i := range all {
		o := &all[i]
		a := about{server: o.Server}
		switch {
		case o.Ban != nil:
			a.jail, a.address = o.Ban.Jail, o.Ban.Address
		case o.End != nil && o.End.Kind == store.Started && i > 0:
			return all[:i]
		case o.End != nil && o.End.Kind == store.Started:
			return all[:1]
		case o.End != nil:
			a.jail, a.address = o.End.Jail, o.End.Address
		default:
			continue // rules have their own order, by time
		}
		if seen[a] {
			return all[:i]
		}
		seen[a] = true
	}
	return all
}

// publish publishes the records, and returns how many of the first of them the stream has.
func (p *Publisher) publish(ctx context.Context, all []store.Outgoing) (done int, err error) {
	p.denied.forget()
	futures := make([]jetstream.PubAckFuture, len(all))
	for i := range all {
		if all[i].Empty() {
			continue // it was purged
		}
		m, err := p.message(&all[i])
		if err == nil {
			futures[i], err = p.js.PublishMsgAsync(m)
		}
		if err != nil {
			if i > 0 {
				break // what is on its way is waited for, and the error comes again
			}
			return 0, fmt.Errorf("publish: %w", err)
		}
	}
	for done = range futures {
		f := futures[done]
		switch {
		case f == nil && all[done].Empty():
			continue
		case f == nil:
			return done, nil
		}
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return done, p.denied.explain(f.Msg().Subject, err)
		case <-ctx.Done():
			return done, ctx.Err()
		}
	}
	return len(all), nil
}

// message is the message of a record.
func (p *Publisher) message(o *store.Outgoing) (*nats.Msg, error) {
	r := newRecord(o)
	data, err := r.encode()
	if err != nil {
		return nil, err
	}
	m := nats.NewMsg(Subject(r.Server))
	m.Data = data
	m.Header.Set(jetstream.MsgIDHeader, p.name(r))
	return m, nil
}

// denial keeps what a server refuses a connection: it tells the connection so, and does not answer the message.
type denial struct {
	mu  sync.Mutex
	err error
}

func (d *denial) note(_ *nats.Conn, _ *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		d.mu.Lock()
		d.err = err
		d.mu.Unlock()
	}
}

func (d *denial) forget() {
	d.mu.Lock()
	d.err = nil
	d.mu.Unlock()
}

// explain says why a message was not taken.
func (d *denial) explain(subject string, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.err != nil:
		return fmt.Errorf("publish to %s: the credentials do not permit it: %w", subject, d.err)
	case errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("publish to %s: no stream takes it: %w", subject, err)
	}
	return fmt.Errorf("publish to %s: %w", subject, err)
}
