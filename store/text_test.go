package store

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestQuotedWordsCanBePasted(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/friendlyfire/token": "/etc/friendlyfire/token",
		"/etc/my token":           "'/etc/my token'",
		"it's; rm -rf $HOME":      `'it'\''s; rm -rf $HOME'`,
		"-R":                      "'-R'",
	} {
		if got := ShellQuote(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// What is told to be clean at once is what would be left as it is. A letter beyond ASCII has it looked at in full.
func TestCleanTellsPlainTextAtOnce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		b := make([]byte, dice.IntN(6))
		for i := range b {
			b[i] = " ab~\x7f\t\x00\xff"[dice.IntN(8)]
		}
		s, limit := string(b), dice.IntN(6)
		unchanged := Clean("é"+s, limit+1) == "é"+s && !strings.HasPrefix(s, " ")
		if isClean(s, limit) != unchanged {
			t.Fatalf("%q, at most %d: clean %v, unchanged %v", s, limit, !unchanged, unchanged)
		}
	}
}
