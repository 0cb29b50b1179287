package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"friendlyfire/store"
)

// Member is one of the bots. Lead, Hear and Watch are for one caller each; the other methods are safe for concurrent
// use.
type Member struct {
	Name  string // of the bot
	Topic string // of the stream: its subjects begin with it
	Store *store.Store
	Log   Log
	Feed  Feed
	Wake  func() // called when outcomes are to be written to the log

	// Troubles is what is wrong with this bot's machine, for the one that speaks to tell; nil: nothing is looked at.
	Troubles func(ctx context.Context) (map[string]string, error)

	Trace *slog.Logger

	started time.Time
	id, run string
	write   chan struct{} // has one message on its way at a time: the fence of the next depends on it

	underway sync.Map // has the names of attempts whose outcomes are not known yet

	mu       sync.Mutex
	lease    uint64    // the number that the own lease has; 0: this bot has none
	taken    uint64    // that which it had when it was taken
	heard    uint64    // the number up to which the log was heard
	renewed  time.Time // when writing the lease began; zero: it is not known to be in force
	booted   time.Duration
	since    time.Time       // when it was taken
	term     context.Context //nolint:containedctx // the right to speak, which begins and ends
	end      context.CancelFunc
	seen     uint64 // the lease of another, as it was seen last
	seenAt   time.Time
	speaker  Lease
	looked   bool // the first look at the lease was made
	partners map[string]Partner
	trouble  string
	created  int64  // of the stream, unix nanoseconds
	fresh    uint64 // the number of the last message that was there when hearing began
	shown    time.Time
}

// Partner is another bot that runs.
type Partner struct {
	Name        string
	Since, Seen time.Time
	Troubles    map[string]string
}

// Open reads who this bot is. It must be called before the other methods.
func (m *Member) Open(ctx context.Context) (err error) {
	const key = "fleet/id"
	m.started, m.run, m.partners = time.Now(), rand.Text(), map[string]Partner{}
	m.write = make(chan struct{}, 1)
	if m.id, err = m.Store.Value(ctx, key); err != nil || m.id != "" {
		return err
	}
	m.id = rand.Text()
	return m.Store.SetValue(ctx, key, m.id)
}

// Speaks reports whether this bot speaks.
func (m *Member) Speaks() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.term != nil && m.speaks()
}

// leads reports whether this bot may write to the log. One that is about to stop still may.
func (m *Member) leads() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.speaks()
}

// speaks reports whether the lease is in force, and all is known that was said before it was.
func (m *Member) speaks() bool {
	return m.lease > 0 && m.heard >= m.taken && !m.renewed.IsZero() &&
		time.Since(m.renewed) < speaksFor && boottime()-m.booted < speaksFor
}

// Other is the name of the bot that speaks, if that is another one.
func (m *Member) Other() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lease > 0 || m.seen == 0 || m.speaker.Bot == "" || time.Since(m.seenAt) > silentFor {
		return ""
	}
	return m.speaker.Bot
}

// within returns a context that ends with the right to speak.
func (m *Member) within(ctx context.Context) (context.Context, func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.speaks() || m.term == nil {
		return nil, nil, ErrSilent
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(m.term, cancel)
	return ctx, func() { stop(); cancel() }, nil
}

// Claim writes to the log that these notices are about to be sent, and returns a context in which that may be done.
func (m *Member) Claim(ctx context.Context, ids ...int64) (term context.Context, done func(), err error) {
	term, end, err := m.within(ctx)
	if err != nil {
		return nil, nil, err
	}
	attempt := rand.Text()
	m.underway.Store(attempt, nil)
	done = func() {
		m.underway.Delete(attempt)
		end()
	}
	if err := m.claim(term, attempt, ids); err != nil {
		done()
		return nil, nil, err
	}
	return term, done, nil
}

func (m *Member) claim(ctx context.Context, attempt string, ids []int64) error {
	said, err := m.Store.Owe(context.WithoutCancel(ctx), attempt, ids...)
	if err != nil {
		return err
	}
	if err := m.say(ctx, said); err != nil {
		return err
	}
	if ctx.Err() != nil || !m.Speaks() {
		return ErrSilent
	}
	return nil
}

// say writes what is said of an attempt, in several messages where one would be too long.
func (m *Member) say(ctx context.Context, said store.Said) error {
	for i, part := range parts(said) {
		if err := m.fenced(ctx, fmt.Sprintf("%s.said.%s.%d", m.Topic, said.Attempt, i), part); err != nil {
			return err
		}
	}
	return nil
}

// longest is how long a message may be, in bytes: half of what deploy/nats allows, which is less than NATS does by
// itself.
const longest = 32 << 10

// parts divides what is said, so that each part fits into a message. What no message has room for is told by its key.
func parts(said store.Said) (all []store.Said) {
	fates := said.Fates
	said.Fates = nil
	size := 0
	for _, f := range fates {
		const others = 300 // bytes of all other fields
		n := len(f.Key) + len(f.Error) + len(f.Body) + others
		if n > longest {
			n -= len(f.Body)
			f.Body = ""
		}
		if size += n; len(all) == 0 || size > longest {
			all, size = append(all, said), n
		}
		last := &all[len(all)-1]
		last.Fates = append(last.Fates, f)
	}
	return all
}

// Settled has outcomes written to the log.
func (m *Member) Settled() { m.Wake() }

// Keep writes a value to the log.
func (m *Member) Keep(ctx context.Context, key, value string) error {
	if !m.leads() {
		return ErrSilent
	}
	return m.fenced(ctx, m.Topic+".kept."+token(key), kept{Key: key, Value: value})
}

// kept is a value that travels with the voice.
type kept struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// message is what all messages but those of the lease have in common.
type message struct {
	Bot string `json:"bot"`
	ID  string `json:"id"`
	Run string `json:"run"`

	Said *store.Said `json:"said,omitempty"`
	Kept *kept       `json:"kept,omitempty"`
}

// fenced writes a message that the log takes only as long as this bot has the lease.
func (m *Member) fenced(ctx context.Context, subject string, of any) error {
	all := message{Bot: m.Name, ID: m.id, Run: m.run}
	switch of := of.(type) {
	case store.Said:
		all.Said = &of
	case kept:
		all.Kept = &of
	}
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.done()
	for again := false; ; again = true {
		m.mu.Lock()
		fence := m.lease
		m.mu.Unlock()
		if fence == 0 || ctx.Err() != nil {
			return ErrSilent
		}
		writing, cancel := context.WithTimeout(ctx, writeLimit)
		_, err := m.Log.Write(writing, subject, data, &fence)
		cancel()
		if !errors.Is(err, ErrRefused) || again {
			return err
		}
		// The lease may be this bot's own: an answer was lost, or both have written at the same moment.
		if err := m.look(ctx); err != nil {
			return err
		}
	}
}

// begin waits until nothing else is being written.
func (m *Member) begin(ctx context.Context) error {
	select {
	case m.write <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Member) done() { <-m.write }

// token is a key as a part of a subject.
func token(key string) string {
	b := []byte(key)
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			b[i] = '_'
		}
	}
	return string(b)
}
