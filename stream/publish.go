package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

	// Servers returns the servers for which the agent says, now and then, that it runs; nil: it says so of none.
	Servers func(context.Context) []string

	conn    *nats.Conn // nil: not connected yet
	js      jetstream.JetStream
	key     []byte
	denied  denial
	refused map[string]time.Time // servers for which it may not publish: when that is tried again
	alive   time.Time            // when it last said that it runs
}

const (
	// window is how many messages are on their way at a time. What a kill leaves of them is published again.
	window = 256
	// retryAfter is the pause after a failure.
	retryAfter = 500 * time.Millisecond
	// refusedFor is how long nothing is published of a server for which the credentials do not permit it.
	refusedFor = time.Minute
	// aliveEvery is how often an agent says that it runs.
	aliveEvery = time.Hour
)

// Step publishes, in the order in which it was read, all that is not yet published, and returns when there is no more.
// What the stream has acknowledged is never published again, unless the program ends before that is kept: then the
// stream drops the repeat within its window, and the bot does so at any time. What the credentials do not permit to
// publish for one server keeps nothing of the others.
func (p *Publisher) Step(ctx context.Context) error {
	err := p.step(ctx)
	again := retryAfter
	if len(p.refused) > 0 && errors.Is(err, ErrRefused) {
		again = refusedFor
	}
	if err != nil && p.Again != nil {
		p.Again(again)
	}
	return err
}

func (p *Publisher) step(ctx context.Context) error {
	var refused []error
	maps.DeleteFunc(p.refused, func(_ string, until time.Time) bool { return time.Now().After(until) })
	for {
		all, err := p.Store.Outgoing(ctx, window, slices.Collect(maps.Keys(p.refused)))
		if err != nil {
			return err
		}
		if len(all) == 0 {
			break
		}
		done, err := p.publish(ctx, independent(all))
		if len(done) > 0 {
			err = errors.Join(err, p.Store.Published(ctx, done))
		}
		switch {
		case errors.Is(err, ErrRefused):
			refused = append(refused, err)
		case err != nil:
			return err
		}
	}
	return errors.Join(append(refused, p.sayAlive(ctx))...)
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
	return p.connect(ctx)
}

func (p *Publisher) connect(ctx context.Context) (err error) {
	if p.conn != nil && !p.conn.IsClosed() {
		return nil
	}
	p.conn, err = p.Cluster.connect(ctx, nats.ErrorHandler(p.denied.note), nats.PingInterval(agentsPing))
	if err != nil {
		p.conn = nil
		return err
	}
	p.js, err = jetstream.New(p.conn, jetstream.WithPublishAsyncTimeout(ackTimeout))
	return err
}

// publish publishes the records, and returns those that the stream has: nothing need be done for them any more. Its
// error is ErrRefused only if there is no other.
func (p *Publisher) publish(ctx context.Context, all []store.Outgoing) (done []int64, err error) {
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	if !p.conn.IsConnected() {
		return nil, fmt.Errorf("NATS at %s: no connection", p.Cluster.String())
	}
	p.denied.forget()
	futures := make([]jetstream.PubAckFuture, len(all))
	var failed, denied error
	for i := range all {
		if all[i].Empty() {
			done = append(done, all[i].ID) // it was purged
			continue
		}
		m, err := p.message(newRecord(&all[i]))
		if err == nil {
			futures[i], err = p.js.PublishMsgAsync(m)
		}
		if err != nil {
			failed = fmt.Errorf("publish: %w", err)
			break // what is on its way is waited for
		}
	}
	for i, f := range futures {
		if f == nil {
			continue
		}
		server := all[i].Server
		if _, refused := p.refused[server]; refused {
			continue
		}
		switch err := p.outcome(ctx, f); {
		case err == nil:
			done = append(done, all[i].ID)
		case errors.Is(err, ErrRefused):
			denied = errors.Join(denied, err)
			if p.refused == nil {
				p.refused = map[string]time.Time{}
			}
			p.refused[server] = time.Now().Add(refusedFor)
		case failed == nil:
			failed = err
		}
	}
	if failed != nil {
		p.findServer()
		return done, failed
	}
	return done, denied
}

// outcome waits for what becomes of a message, and returns nil if the stream has it.
func (p *Publisher) outcome(ctx context.Context, f jetstream.PubAckFuture) error {
	subject := f.Msg().Subject
	select {
	case <-f.Ok():
		return nil
	case err := <-f.Err():
		if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) {
			return fmt.Errorf("publish to %s: %w", subject, ErrNoStream)
		}
		return fmt.Errorf("publish to %s: %w", subject, err)
	case <-p.denied.of(subject):
		return fmt.Errorf("publish to %s: %w", subject, ErrRefused)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// findServer looks for another server where the one that is connected does not answer any more.
func (p *Publisher) findServer() {
	if p.conn.IsConnected() && p.conn.FlushTimeout(aliveTimeout) != nil {
		_ = p.conn.ForceReconnect() // it is closed, and open finds out
	}
}

// message is the message of a record.
func (p *Publisher) message(r Record) (*nats.Msg, error) {
	data, err := r.encode()
	if err != nil {
		return nil, err
	}
	m := nats.NewMsg(Subject(r.Server))
	m.Data = data
	m.Header.Set(jetstream.MsgIDHeader, p.name(r))
	return m, nil
}

// sayAlive says of each server that its agent runs, and when its latest line was read, if that was long ago.
func (p *Publisher) sayAlive(ctx context.Context) error {
	if p.Servers == nil || time.Since(p.alive) < aliveEvery && !p.alive.IsZero() {
		return nil
	}
	all, err := p.signs(ctx)
	if err != nil {
		return err
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	p.denied.forget()
	var errs []error
	for chunk := range slices.Chunk(all, window) {
		futures := make([]jetstream.PubAckFuture, 0, len(chunk))
		for _, r := range chunk {
			if _, refused := p.refused[r.Server]; refused {
				continue
			}
			m, err := p.message(r)
			if err != nil {
				return err
			}
			f, err := p.js.PublishMsgAsync(m)
			if err != nil {
				return fmt.Errorf("publish: %w", err)
			}
			futures = append(futures, f)
		}
		for _, f := range futures {
			err := p.outcome(ctx, f)
			if err != nil && !errors.Is(err, ErrRefused) {
				p.findServer()
				return err
			}
			errs = append(errs, err)
		}
	}
	p.alive = time.Now()
	return errors.Join(errs...)
}

// signs are the signs of life of all servers.
func (p *Publisher) signs(ctx context.Context) (all []Record, err error) {
	created, err := p.Store.CreatedAt(ctx)
	if err != nil {
		return nil, err
	}
	states, err := p.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	lines := map[string]time.Time{}
	for _, s := range states {
		lines[s.Name] = s.LastLineAt
	}
	for _, server := range p.Servers(ctx) {
		last := lines[server]
		if last.IsZero() { // nothing has come yet: silence began with the database
			last = created
		}
		all = append(all, Record{Version: Version, Server: server, Kind: Alive, Time: last.Unix(), Said: time.Now().Unix()})
	}
	return all, nil
}
