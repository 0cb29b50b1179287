package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"friendlyfire/store"
	"friendlyfire/stream"
)

// positionKey is under which value the database has how far the log was heard: which stream it was, and a number.
const positionKey = "fleet/heard"

// batch is how many messages are kept at a time.
const batch = 500

// heardFor is how long is kept what was said of alerts that this bot has never made.
const heardFor = 30 * 24 * time.Hour

// Hear hears what was written to the log, and writes what it is owed. It returns when there is no more.
func (m *Member) Hear(ctx context.Context) error {
	if err := m.show(ctx); err != nil {
		return err
	}
	if !m.Feed.Following() {
		if err := m.follow(ctx); err != nil {
			return err
		}
	}
	if err := m.hear(ctx); err != nil {
		return err
	}
	if err := m.takeUp(ctx); err != nil {
		return err
	}
	return m.pay(ctx)
}

// takeUpAfter is how long this bot has to make an alert by itself that the other one was about to tell.
const takeUpAfter = time.Minute

// takeUp tells what the other bot has not ended to tell, where this one does not by itself.
func (m *Member) takeUp(ctx context.Context) error {
	if !m.Speaks() {
		return nil
	}
	n, err := m.Store.TakeUp(ctx, time.Now().Add(-takeUpAfter))
	if n > 0 {
		m.Trace.Info("alerts of the other bot are told by this one", "alerts", n)
	}
	return err
}

// follow begins where the log was left.
func (m *Member) follow(ctx context.Context) error {
	state, err := m.Feed.State(ctx)
	if err != nil {
		return err
	}
	text, err := m.Store.Value(ctx, positionKey)
	if err != nil {
		return err
	}
	var created int64
	var after uint64
	if _, err := fmt.Sscan(text, &created, &after); err != nil || created != state.Created.UnixNano() {
		after = 0
	}
	if err := m.Store.ForgetHeard(ctx, time.Now().Add(-heardFor)); err != nil {
		return err
	}
	m.mu.Lock()
	if m.created == state.Created.UnixNano() {
		after = max(after, m.heard)
	} else {
		m.heard = 0
	}
	m.created, m.fresh = state.Created.UnixNano(), state.Last
	m.mu.Unlock()
	return m.Feed.Follow(ctx, after, state)
}

// hear keeps what has come.
func (m *Member) hear(ctx context.Context) error {
	for ctx.Err() == nil {
		var all []store.Relayed
		var last uint64
		read := 0
		for ; read < batch; read++ {
			msg, ok, err := m.Feed.Next(ctx, false)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			last = msg.Seq
			if h, ok := m.read(msg); ok {
				all = append(all, h)
			}
		}
		if read == 0 {
			return nil
		}
		if len(all) > 0 || read == batch { // what nobody need remember can be read again
			if err := m.Store.Hear(ctx, positionKey, fmt.Sprint(m.created, last), all...); err != nil {
				return errors.Join(err, m.follow(ctx))
			}
		}
		m.mu.Lock()
		m.heard = max(m.heard, last)
		m.mu.Unlock()
	}
	return nil
}

// read reads a message. It reports false if nothing of it is to be kept: this run has said it, or it is of the moment.
func (m *Member) read(in stream.Message) (h store.Relayed, ok bool) {
	kind, _, _ := strings.Cut(strings.TrimPrefix(in.Subject, m.Topic+"."), ".")
	switch kind {
	case "bot":
		var p Presence
		if json.Unmarshal(in.Data, &p) == nil && p.ID != m.id && in.Seq > m.fresh {
			m.mu.Lock()
			m.partners[p.Bot] = Partner{Name: p.Bot, Since: time.Unix(p.Since, 0), Seen: time.Now(), Troubles: p.Troubles}
			m.mu.Unlock()
		}
		return h, false
	case "lease":
		var l Lease
		if json.Unmarshal(in.Data, &l) == nil && l.Run != m.run && m.newer(in.Seq) {
			m.saw(l, in.Seq)
		}
		return h, false
	case "said", "kept":
	default:
		return h, false
	}
	var of message
	if err := json.Unmarshal(in.Data, &of); err != nil {
		m.Trace.Warn("a message in the log of the bots cannot be read", "subject", in.Subject, "error", err)
		return h, false
	}
	if of.Run == m.run {
		return h, false
	}
	h = store.Relayed{Said: of.Said, Own: of.ID == m.id}
	if of.Kept != nil {
		h.Key, h.Value = of.Kept.Key, of.Kept.Value
	}
	return h, true
}

// newer reports whether the lease of that number was not seen yet.
func (m *Member) newer(seq uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return seq > m.seen
}

// show writes that this bot runs.
func (m *Member) show(ctx context.Context) error {
	m.mu.Lock()
	due := time.Since(m.shown) >= showEvery
	m.mu.Unlock()
	if !due {
		return nil
	}
	p := Presence{Bot: m.Name, ID: m.id, Since: m.started.Unix()}
	if m.Troubles != nil {
		var err error
		if p.Troubles, err = m.Troubles(ctx); err != nil {
			m.Trace.Warn("not all is known of this machine", "error", err)
		}
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	if _, err := m.Log.Write(ctx, m.Topic+".bot."+token(m.Name), data, nil); err != nil {
		return err
	}
	m.mu.Lock()
	m.shown = time.Now()
	m.mu.Unlock()
	return nil
}

// pay writes the outcomes that the log is owed.
func (m *Member) pay(ctx context.Context) error {
	if !m.leads() {
		return nil
	}
	owed, err := m.Store.Owed(ctx)
	for _, said := range owed {
		if err != nil {
			return err
		}
		if _, underway := m.underway.Load(said.Attempt); underway {
			continue
		}
		if err = m.say(ctx, said); errors.Is(err, ErrSilent) {
			return nil
		}
		if err == nil {
			err = m.Store.Paid(ctx, said.Attempt)
		}
	}
	return err
}
