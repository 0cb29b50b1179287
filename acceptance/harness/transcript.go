package harness

import (
	"strings"
	"sync"
)

// Transcript is what a program has printed. It is safe for concurrent use.
type Transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (t *Transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *Transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// Count is how often a text was printed.
func (t *Transcript) Count(what string) int { return strings.Count(t.String(), what) }
