package app

import (
	"fmt"
	"io"
	"sync"
	"time"

	"friendlyfire/bot"
	"friendlyfire/ingest"
)

// progress shows how far a long import has come, on one line of a terminal that is overwritten again and again. Where
// there is no terminal it shows nothing.
type progress struct {
	out io.Writer // nil: no terminal

	mu      sync.Mutex
	begun   map[string]time.Time // by source: when its import began
	printed time.Time            // when the line was last written; zero: it is empty
}

func newProgress(out io.Writer) *progress {
	if !IsTerminal(out) {
		out = nil
	}
	return &progress{out: out, begun: map[string]time.Time{}}
}

func (p *progress) show(read ingest.Progress) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.begun[read.Source].IsZero() {
		p.begun[read.Source] = now
	}
	took := now.Sub(p.begun[read.Source]).Seconds()
	if read.Done >= read.Size {
		delete(p.begun, read.Source)
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
	remaining := time.Duration(took * float64(read.Size-read.Done) / float64(read.Done) * float64(time.Second))
	fmt.Fprintf(p.out, "\r\033[KReading %s: %s bans, %d%%, %s bans/s, %v left", read.Source, bot.Number(read.Bans),
		100*read.Done/max(read.Size, 1), bot.Number(int64(float64(read.Bans)/took)), remaining.Round(time.Second))
}
