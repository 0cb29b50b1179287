package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Subscriber reads the messages of a stream. It leaves nothing on the servers that a later one would need: what it has
// read is for its caller to keep. Its methods are for one caller at a time.
type Subscriber struct {
	Cluster Cluster
	Stream  string // its name
	Wake    func() // called when messages have come, or will no longer come by themselves; not concurrently

	// WakeEarly is called when there may be something for Early; nil: nobody asks for it.
	WakeEarly func()

	early early
	conn  *nats.Conn // nil: not connected yet
	js    jetstream.JetStream
	feed  *feed // nil: none
}

// State is what a stream is at a moment.
type State struct {
	Created     time.Time // when it was made: another one of its name has another
	First, Last uint64    // sequences of the first and the last message; First is the next one if there are none
	Messages    uint64    // how many there are
	Longest     int       // bytes that a message may have
	Replicas    int       // of each message
	Subjects    []string
	Window      time.Duration // within which it drops repeats
}

// Message is one message of the stream.
type Message struct {
	Seq     uint64
	Subject string
	Data    []byte
	More    bool // there were others behind it when it was sent
}

// inMemory bounds how many bytes of messages are on their way to the reader, whatever a stream lets its agents send.
const inMemory = 16 << 20

// mostPulled is how many messages are on their way at most.
const mostPulled = 1000

// open connects, if there is no connection.
func (s *Subscriber) open(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	s.Stop()
	conn, err := s.Cluster.connect(ctx)
	if err != nil {
		return err
	}
	if s.js, err = jetstream.New(conn, jetstream.WithDefaultTimeout(answerTimeout)); err != nil {
		conn.Close()
		return err
	}
	s.conn = conn
	return s.listen()
}

// listen hears what is published from now on. Where the credentials do not permit that, the stream alone brings it.
func (s *Subscriber) listen() error {
	if s.WakeEarly == nil {
		return nil
	}
	s.early.wake = s.WakeEarly
	sub, err := s.conn.Subscribe(Subjects, s.early.hear)
	if err == nil {
		err = sub.SetPendingLimits(earlyMost, earlyBytes)
	}
	return err
}

// Early returns messages that were heard and that the stream has not brought in time, without their sequence: it brings
// them later. Each is returned once. It may be called at any time.
func (s *Subscriber) Early() []Message { return s.early.take(time.Now()) }

// Close ends the connection.
func (s *Subscriber) Close() {
	s.Stop()
	if s.conn != nil {
		s.conn.Close()
	}
}

// State asks what the stream is now.
func (s *Subscriber) State(ctx context.Context) (State, error) {
	if err := s.open(ctx); err != nil {
		return State{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	stream, err := s.js.Stream(ctx, s.Stream)
	if err != nil {
		return State{}, s.explain(err)
	}
	info := stream.CachedInfo()
	state := State{
		Created: info.Created, First: info.State.FirstSeq, Last: info.State.LastSeq,
		Messages: info.State.Msgs, Replicas: info.Config.Replicas,
		Subjects: info.Config.Subjects, Window: info.Config.Duplicates, Longest: int(s.conn.MaxPayload()),
	}
	if longest := int(info.Config.MaxMsgSize); longest > 0 {
		state.Longest = min(state.Longest, longest)
	}
	return state, nil
}

func (s *Subscriber) explain(err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		err = fmt.Errorf("%w: %w", ErrNoStream, err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		err = errors.New("no answer: is it out of reach, or do the credentials not permit to read the stream?")
	}
	return fmt.Errorf("stream %s at %s: %w", s.Stream, s.Cluster.String(), err)
}

// feed is what brings the messages from a sequence on.
type feed struct {
	in      chan jetstream.Msg
	consume jetstream.ConsumeContext
	next    uint64 // the number that the next message has for the consumer

	mu     sync.Mutex
	broken error
	stop   chan struct{}
}

// Following reports whether messages come by themselves.
func (s *Subscriber) Following() bool {
	return s.feed != nil && s.feed.failure() == nil
}

func (f *feed) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

// Stop forgets what has come and was not taken.
func (s *Subscriber) Stop() {
	if s.feed != nil {
		close(s.feed.stop)
		s.feed.consume.Stop()
		s.feed = nil
	}
}

// Follow lets messages come from behind a sequence on.
func (s *Subscriber) Follow(ctx context.Context, after uint64, state State) error {
	s.Stop()
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	consumer, err := s.js.CreateConsumer(ctx, s.Stream, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return s.explain(err)
	}
	pulled := min(max(inMemory/max(state.Longest, 1), 1), mostPulled)
	f := &feed{in: make(chan jetstream.Msg, pulled), next: 1, stop: make(chan struct{})}
	take := func(m jetstream.Msg) {
		select {
		case f.in <- m:
			s.Wake()
		case <-f.stop:
		}
	}
	fail := func(_ jetstream.ConsumeContext, err error) {
		f.mu.Lock()
		f.broken = err
		f.mu.Unlock()
		s.Wake()
	}
	f.consume, err = consumer.Consume(take, jetstream.PullMaxMessages(pulled), jetstream.PullExpiry(10*time.Second),
		jetstream.PullHeartbeat(time.Second), jetstream.ConsumeErrHandler(fail))
	if err != nil {
		return s.explain(err)
	}
	s.feed = f
	return nil
}

// ErrBroken says that messages come no longer by themselves, or that one is missing: Follow lets them come again.
var ErrBroken = errors.New("messages are missing")

// Next takes the next message. If none has come it waits for one, if it may; ok is false if there is none.
func (s *Subscriber) Next(ctx context.Context, wait bool) (m Message, ok bool, err error) {
	f := s.feed
	if f == nil {
		return m, false, ErrBroken
	}
	var raw jetstream.Msg
	select {
	case raw = <-f.in:
	default:
		if err := f.failure(); err != nil {
			return m, false, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		if !wait {
			return m, false, nil
		}
		select {
		case raw = <-f.in:
		case <-time.After(answerTimeout):
			return m, false, nil
		case <-ctx.Done():
			return m, false, ctx.Err()
		}
	}
	meta, err := raw.Metadata()
	if err != nil {
		return m, false, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if meta.Sequence.Consumer != f.next {
		return m, false, ErrBroken
	}
	f.next++
	if s.WakeEarly != nil {
		s.early.came(raw.Subject(), raw.Headers().Get(jetstream.MsgIDHeader))
	}
	return Message{
		Seq: meta.Sequence.Stream, Subject: raw.Subject(), Data: raw.Data(), More: meta.NumPending > 0,
	}, true, nil
}
