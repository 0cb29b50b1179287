package app

import (
	"fmt"
	"io"
	"sync"
	"time"

	"friendlyfire/ingest"
)

// progress shows a long import on a terminal, in one line that is written over; elsewhere it shows nothing.
type progress struct {
	out io.Writer

	mu      sync.Mutex
	begun   map[string]time.Time
	printed time.Time
}

func newProgress(out io.Writer) *progress {
	if !IsTerminal(out) {
		out = nil
	}
	return &progress{out: out, begun: map[string]time.Time{}}
}

func (p *progress) show(g ingest.Progress) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.begun[g.Source].IsZero() {
		p.begun[g.Source] = now
	}
	took := now.Sub(p.begun[g.Source]).Seconds()
	if g.Done >= g.Size {
		delete(p.begun, g.Source)
		if !p.printed.IsZero() {
			fmt.Fprint(p.out, "\r\033[K")
			p.printed = time.Time{}
		}
		return
	}
	if took < 0.5 || now.Sub(p.printed) < 200*time.Millisecond {
		return
	}
	p.printed = now
	remaining := time.Duration(took * float64(g.Size-g.Done) / float64(g.Done) * float64(time.Second))
	fmt.Fprintf(p.out, "\r\033[KReading %s: %d bans, %d%%, %.0f bans/s, %v left",
		g.Source, g.Bans, 100*g.Done/max(g.Size, 1), float64(g.Bans)/took, remaining.Round(time.Second))
}
