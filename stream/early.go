package stream

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What an agent publishes reaches whoever listens to its subject at once, also while the servers have no leader of the
// stream: they take four to nine seconds to elect one, and a stream keeps nothing meanwhile. So a subscriber listens,
// too, and gives out what the stream does not bring in time. That is a copy: the stream brings it later, and it alone
// decides how far a reader has come.
const (
	earlyAfter = time.Second            // so long the stream has the chance to bring a message
	earlyMost  = 1000                   // so many wait; of more, the first are left to the stream
	earlyBytes = 4 << 20                // likewise
	earlyTake  = 64                     // so many are given out at a time
	earlyEvery = 250 * time.Millisecond // and so often
)

// early holds messages that were heard and did not come by the stream yet.
type early struct {
	wake func()

	mu      sync.Mutex
	waiting map[earlyKey]heardMessage
	order   []earlyKey // as they were heard; some of them wait no longer
	settled settled    // it may be heard after the stream has brought it, and be published again
	bytes   int
	timer   *time.Timer // nil: nothing waits
}

// earlyKey tells messages apart. An agent chooses the id, and NATS sees to the subject.
type earlyKey struct{ subject, id string }

type heardMessage struct {
	Message
	at time.Time
}

// settled are the latest messages that the stream has brought or that were given out.
type settled struct {
	all   map[earlyKey]bool
	order []earlyKey
}

func (s *settled) has(key earlyKey) bool { return s.all[key] }

func (s *settled) add(key earlyKey) {
	if s.all[key] {
		return
	}
	if s.all == nil {
		s.all = map[earlyKey]bool{}
	}
	s.all[key] = true
	s.order = append(s.order, key)
	if len(s.order) > earlyMost {
		delete(s.all, s.order[0])
		s.order = s.order[1:]
	}
}

// hear notes a message that was heard.
func (e *early) hear(m *nats.Msg) {
	key := earlyKey{m.Subject, m.Header.Get(jetstream.MsgIDHeader)}
	if key.id == "" || len(m.Data) > MaxMessage {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, waits := e.waiting[key]; waits || e.settled.has(key) {
		return
	}
	if e.waiting == nil {
		e.waiting = map[earlyKey]heardMessage{}
	}
	e.waiting[key] = heardMessage{Message{Subject: m.Subject, Data: m.Data}, time.Now()}
	e.order = append(e.order, key)
	e.bytes += len(m.Data)
	for len(e.order) > earlyMost || e.bytes > earlyBytes {
		e.drop(e.order[0])
		e.order = e.order[1:]
	}
	if e.timer == nil {
		e.timer = time.AfterFunc(earlyAfter, e.wake)
	}
}

func (e *early) drop(key earlyKey) {
	e.bytes -= len(e.waiting[key].Data)
	delete(e.waiting, key)
}

// came notes that the stream has brought a message.
func (e *early) came(subject, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := earlyKey{subject, id}
	e.drop(key)
	e.settled.add(key)
}

// take returns messages that the stream should have brought by now. What waits on is asked for later, by itself.
func (e *early) take(now time.Time) (all []Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.order) > 0 && len(all) < earlyTake {
		key := e.order[0]
		m, waits := e.waiting[key]
		if waits && now.Sub(m.at) < earlyAfter {
			break
		}
		if waits {
			all = append(all, m.Message)
			e.drop(key)
			e.settled.add(key)
		}
		e.order = e.order[1:]
	}
	e.timer = nil
	if len(e.order) > 0 {
		next := earlyEvery
		if m, waits := e.waiting[e.order[0]]; waits {
			next = max(next, earlyAfter-now.Sub(m.at))
		}
		e.timer = time.AfterFunc(next, e.wake)
	}
	return all
}
