package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"friendlyfire/stream"
)

// Inspected is what the log of two bots is, and what it says of them.
type Inspected struct {
	Lease      Lease
	Renewed    time.Time // when the lease was written, by the server's clock; zero: it never was
	Partners   []Partner // all bots, as the log knows them
	Replicas   int
	File       bool          // not in memory
	PerSubject int64         // messages that it keeps of each; it wants 1
	MaxAge     time.Duration // of messages; 0: no limit
	Writable   error         // why nothing can be written; nil: it can
}

// Speaker is who speaks at that time; "": nobody.
func (i *Inspected) Speaker(now time.Time) string {
	if now.Sub(i.Renewed) > silentFor {
		return ""
	}
	return i.Lease.Bot
}

// Memory is for how long a log must keep what was said: as long as a message may be tried.
const Memory = memory

// Inspect looks at the log, and changes nothing in it; stream.ErrNoStream says that there is none.
func (n *NATS) Inspect(ctx context.Context) (i Inspected, err error) {
	n.mu.Lock()
	n.made = true // a bot makes it
	n.mu.Unlock()
	js, err := n.open(ctx)
	if err != nil {
		return i, err
	}
	s, err := js.Stream(ctx, n.Topic)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return i, stream.ErrNoStream
	}
	if err != nil {
		return i, n.explain(err)
	}
	c := s.CachedInfo().Config
	i.Replicas, i.File, i.PerSubject, i.MaxAge = c.Replicas, c.Storage == jetstream.FileStorage, c.MaxMsgsPerSubject, c.MaxAge
	m, err := s.GetLastMsgForSubject(ctx, n.Topic+".lease")
	switch {
	case err == nil:
		i.Renewed, err = m.Time, json.Unmarshal(m.Data, &i.Lease)
	case errors.Is(err, jetstream.ErrMsgNotFound):
		err = nil
	}
	if err != nil {
		return i, n.explain(err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(n.Topic+".bot.*"))
	if err != nil {
		return i, n.explain(err)
	}
	for subject := range info.State.Subjects {
		m, err := s.GetLastMsgForSubject(ctx, subject)
		var p Presence
		if err == nil && json.Unmarshal(m.Data, &p) == nil {
			i.Partners = append(i.Partners, Partner{Name: p.Bot, Since: time.Unix(p.Since, 0), Seen: m.Time})
		}
	}
	never := uint64(math.MaxUint64) // no lease has that number
	if _, err := n.Write(ctx, n.Topic+".lease", nil, &never); !errors.Is(err, ErrRefused) {
		i.Writable = err
	}
	return i, nil
}
