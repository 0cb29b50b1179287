package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"friendlyfire/stream"
)

// NATS is a Log in a stream of NATS JetStream. It is safe for concurrent use.
type NATS struct {
	Cluster stream.Cluster
	Topic   string // the name of the stream

	mu   sync.Mutex
	conn *nats.Conn // nil: not connected yet
	js   jetstream.JetStream
	made bool // the stream is there
}

// memory is how long the log keeps what was said: a message is tried for seven days.
const memory = 9 * 24 * time.Hour

// Config is that of a stream for a log.
func Config(topic string, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: topic, Subjects: []string{topic + ".>"}, Replicas: replicas, Storage: jetstream.FileStorage,
		MaxMsgsPerSubject: 1, MaxAge: memory, Discard: jetstream.DiscardOld,
		Description: "what two bots of friendlyfire with one voice tell each other",
	}
}

// open connects, if there is no connection, and makes the stream if there is none.
func (n *NATS) open(ctx context.Context) (jetstream.JetStream, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn == nil || n.conn.IsClosed() {
		conn, err := n.Cluster.Connect(ctx)
		if err != nil {
			return nil, err
		}
		js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(writeLimit))
		if err != nil {
			conn.Close()
			return nil, err
		}
		n.conn, n.js = conn, js
	}
	if !n.made {
		if err := makeStream(ctx, n.js, n.Topic); err != nil {
			return nil, fmt.Errorf("stream %s at %s: %w", n.Topic, n.Cluster.String(), err)
		}
		n.made = true
	}
	return n.js, nil
}

// makeStream makes the stream if there is none: on three servers or, where there is one, on that.
func makeStream(ctx context.Context, js jetstream.JetStream, topic string) error {
	const oneServer = 10074 // replicas > 1 not supported in non-clustered mode
	_, err := js.Stream(ctx, topic)
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	_, err = js.CreateStream(ctx, Config(topic, 3))
	if e, ok := errors.AsType[*jetstream.APIError](err); ok && e.ErrorCode == oneServer {
		_, err = js.CreateStream(ctx, Config(topic, 1))
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // the other bot has made it meanwhile
		return nil
	}
	return err
}

// Write implements Log.
func (n *NATS) Write(ctx context.Context, subject string, data []byte, fence *uint64) (uint64, error) {
	const wrongLast, wrongLastConstant = 10071, 10164
	js, err := n.open(ctx)
	if err != nil {
		return 0, err
	}
	options := []jetstream.PublishOpt{jetstream.WithExpectStream(n.Topic), jetstream.WithRetryAttempts(0)}
	if fence != nil {
		options = append(options, jetstream.WithExpectLastSequenceForSubject(*fence, n.Topic+".lease"))
	}
	ack, err := js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data}, options...)
	if e, ok := errors.AsType[*jetstream.APIError](err); ok &&
		(e.ErrorCode == wrongLast || e.ErrorCode == wrongLastConstant) {
		return 0, ErrRefused
	}
	if err != nil {
		return 0, fmt.Errorf("write to %s: %w", subject, n.explain(err))
	}
	return ack.Sequence, nil
}

// Last implements Log.
func (n *NATS) Last(ctx context.Context, subject string) ([]byte, uint64, error) {
	js, err := n.open(ctx)
	if err != nil {
		return nil, 0, err
	}
	s, err := js.Stream(ctx, n.Topic)
	if err != nil {
		return nil, 0, fmt.Errorf("stream %s: %w", n.Topic, n.explain(err))
	}
	m, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", subject, n.explain(err))
	}
	return m.Data, m.Sequence, nil
}

func (n *NATS) explain(err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		n.mu.Lock()
		n.made = false
		n.mu.Unlock()
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		return errors.New("no answer: is NATS out of reach, or do the credentials not permit it?")
	}
	return err
}

// Close implements Log.
func (n *NATS) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != nil {
		n.conn.Close()
	}
}
