package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Lead keeps the lease, or takes it once nobody has it. It is called every half second or so.
func (m *Member) Lead(ctx context.Context) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.done()
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	err := m.lead(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trouble = ""
	if err != nil {
		m.trouble = err.Error()
	}
	return err
}

func (m *Member) lead(ctx context.Context) error {
	m.mu.Lock()
	mine, old := m.lease > 0, time.Since(m.renewed) >= renewEvery
	m.mu.Unlock()
	if !mine {
		if err := m.look(ctx); err != nil {
			return err
		}
		if !m.free() {
			return nil
		}
	} else if !old {
		return nil
	}
	err := m.renew(ctx)
	if errors.Is(err, ErrRefused) {
		return m.look(ctx)
	}
	return err
}

// free reports whether the lease may be taken: nobody has it, or an earlier run of this bot, or it was not renewed.
func (m *Member) free() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := !m.looked
	m.looked = true
	return m.lease > 0 || m.speaker.Bot == "" || first && m.speaker.ID == m.id || time.Since(m.seenAt) >= silentFor
}

// renew writes the lease, as this bot's.
func (m *Member) renew(ctx context.Context) error {
	m.mu.Lock()
	fence, begun := m.seen, time.Now()
	took := m.lease == 0
	since := m.since
	m.mu.Unlock()
	booted := boottime()
	if took {
		since = begun
	}
	data, err := json.Marshal(Lease{Bot: m.Name, ID: m.id, Run: m.run, Since: since.Unix()})
	if err != nil {
		return err
	}
	seq, err := m.Log.Write(ctx, m.Topic+".lease", data, &fence)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if took {
		m.since, m.taken = since, seq
		m.Trace.Info("this bot speaks from now on", "instead_of", m.speaker.Bot)
	}
	m.lease, m.seen, m.renewed, m.booted = seq, seq, begun, booted
	m.speaker, m.seenAt = Lease{Bot: m.Name, ID: m.id, Run: m.run, Since: since.Unix()}, begun
	return nil
}

// look looks who has the lease. The own one may have another number than was known, if an answer was lost: when it was
// written is then unknown, so that it is in force once it was written again.
func (m *Member) look(ctx context.Context) error {
	data, seq, err := m.Log.Last(ctx, m.Topic+".lease")
	if err != nil {
		return err
	}
	var l Lease
	if len(data) > 0 {
		if err := json.Unmarshal(data, &l); err != nil {
			return err
		}
	}
	m.saw(l, seq)
	return nil
}

// saw notes who has the lease.
func (m *Member) saw(l Lease, seq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if seq != m.seen {
		m.seenAt = time.Now()
	}
	if l.Bot != "" && l.Run != m.run && l.Run != m.speaker.Run {
		m.Trace.Info("another bot speaks, this one is silent", "speaks", l.Bot)
	}
	m.seen, m.speaker = seq, l
	switch own := l.Run == m.run && l.Bot != ""; {
	case own && m.lease == 0:
		m.lease, m.taken, m.since, m.renewed = seq, seq, time.Unix(l.Since, 0), time.Time{}
	case own:
		m.lease = seq
	case m.lease > 0:
		m.Trace.Warn("this bot speaks no longer", "speaks", l.Bot)
		m.lose()
	}
}

// lose ends the own lease.
func (m *Member) lose() {
	m.lease, m.renewed = 0, time.Time{}
	m.endTerm()
}

func (m *Member) endTerm() {
	if m.end != nil {
		m.end()
		m.term, m.end = nil, nil
	}
}

// Release writes the outcomes that are not told yet, and gives the lease up, so that the other bot need not wait.
// Nothing may be sent from then on.
func (m *Member) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	owed := m.pay(ctx)
	if err := m.begin(ctx); err != nil {
		return errors.Join(owed, err)
	}
	defer m.done()
	m.mu.Lock()
	fence := m.lease
	m.lose()
	m.mu.Unlock()
	if fence == 0 {
		return owed
	}
	_, err := m.Log.Write(ctx, m.Topic+".lease", []byte("{}"), &fence)
	return errors.Join(owed, err)
}
