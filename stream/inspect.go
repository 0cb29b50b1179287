package stream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Inspected is what can be seen of a stream and of the way to it.
type Inspected struct {
	State
	File       bool          // its messages are in files, not in memory
	Async      bool          // it may acknowledge what is not written yet
	MaxAge     time.Duration // for how long it keeps a message; 0: for ever
	MaxBytes   int64         // how much it keeps; negative: without limit
	RefusesNew bool          // it refuses what is new when it is full, instead of dropping what is oldest

	Unreadable error  // why its messages cannot be read
	Deaf       bool   // what is published cannot be heard
	Encrypted  bool   // the connection is
	Version    string // of the server
}

// Inspect looks at the stream, and tries what a bot does. It reads at most one message, and keeps nothing.
func (s *Subscriber) Inspect(ctx context.Context) (i Inspected, err error) {
	if i.State, err = s.State(ctx); err != nil {
		return i, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	stream, err := s.js.Stream(ctx, s.Stream)
	if err != nil {
		return i, s.explain(err)
	}
	c := stream.CachedInfo().Config
	i.File, i.Async = c.Storage == jetstream.FileStorage, c.PersistMode == jetstream.AsyncPersistMode
	i.MaxAge, i.MaxBytes, i.RefusesNew = c.MaxAge, c.MaxBytes, c.Discard == jetstream.DiscardNew
	_, plain := s.conn.TLSConnectionState()
	i.Encrypted, i.Version = plain == nil, s.conn.ConnectedServerVersion()
	i.Unreadable = s.tryToRead(ctx, i.State)
	i.Deaf = s.tryToHear() != nil
	return i, nil
}

func (s *Subscriber) tryToRead(ctx context.Context, state State) error {
	if err := s.Follow(ctx, max(state.First, 1)-1, state); err != nil {
		return err
	}
	defer s.Stop()
	_, ok, err := s.Next(ctx, state.Messages > 0)
	if err == nil && !ok && state.Messages > 0 {
		err = errors.New("no message came: the credentials may not permit to ask for one")
	}
	return err
}

func (s *Subscriber) tryToHear() error {
	sub, err := s.conn.SubscribeSync(Subjects)
	if err != nil {
		return err
	}
	defer sub.Unsubscribe() //nolint:errcheck // the connection ends
	if err := s.conn.FlushTimeout(answerTimeout); err != nil {
		return err
	}
	_, err = sub.NextMsg(50 * time.Millisecond)
	if errors.Is(err, nats.ErrTimeout) {
		err = nil
	}
	return err
}

// mostBehind is for how long a stream keeps messages, where nothing else is said: longer than a bot is away.
const mostBehind = 30 * 24 * time.Hour

// Create makes the stream, on so many servers, if there is none. Nobody can delete single messages of it.
func (s *Subscriber) Create(ctx context.Context, replicas int) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*answerTimeout)
	defer cancel()
	_, err := s.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: s.Stream, Description: "bans of Fail2Ban, by server", Subjects: []string{Subjects}, Replicas: replicas,
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardOld, MaxAge: mostBehind, MaxMsgSize: MaxMessage,
		Duplicates: 2 * time.Minute, DenyDelete: true, DenyPurge: true,
	})
	if err != nil {
		return s.explain(err)
	}
	return nil
}

// Why a message is not taken, as errors.Is tells.
var (
	ErrRefused  = errors.New("the credentials do not permit it")
	ErrNoStream = errors.New("no stream takes it")
)

// otherServer is no server: to publish of it is what an agent must not be able to.
const otherServer = "friendlyfire-check"

// Probe tries whether an agent can publish of a server, and returns nil if it can. The stream keeps nothing of it: the
// message asks for a stream of another name.
func (p *Publisher) Probe(ctx context.Context, server string) error {
	if err := p.connect(ctx); err != nil {
		return err
	}
	p.denied.forget()
	m := nats.NewMsg(Subject(server))
	m.Header.Set(jetstream.ExpectedStreamHeader, otherServer)
	f, err := p.js.PublishMsgAsync(m)
	if err != nil {
		return err
	}
	err = p.outcome(ctx, f)
	refusal, told := errors.AsType[*jetstream.APIError](err)
	switch {
	case told && refusal.ErrorCode == wrongStream:
		return nil
	case err == nil:
		return errors.New("the stream has kept what was meant for another")
	}
	return err
}

// wrongStream is the code of a message that asks for a stream of another name.
const wrongStream = 10060

// ProbeOthers reports whether the agent can publish of servers that are not its own, as it should not.
func (p *Publisher) ProbeOthers(ctx context.Context) (bool, error) {
	err := p.Probe(ctx, otherServer)
	if errors.Is(err, ErrRefused) {
		return false, nil
	}
	if errors.Is(err, ErrNoStream) {
		err = nil
	}
	return err == nil, err
}

// Encrypted reports whether the connection is, once there is one.
func (p *Publisher) Encrypted() bool {
	_, err := p.conn.TLSConnectionState()
	return err == nil
}
