package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

// A look at 5,000 files of which none has changed, as it is taken every 15 seconds, and a line in one of them.
func BenchmarkPattern(b *testing.B) {
	dir := b.TempDir()
	s, err := store.Open(b.Context(), filepath.Join(dir, "friendlyfire.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	file := func(n int) string { return filepath.Join(dir, "remote", fmt.Sprintf("web%04d", n), "bans.csv") }
	for n := range 5000 {
		if err := os.MkdirAll(filepath.Dir(file(n)), 0o700); err != nil {
			b.Fatal(err)
		}
		appendTo(b, file(n), richHeader+richRow(n))
	}
	g := &Group{
		Store: s, Files: LocalFiles{}, Pattern: NewPattern(dir + "/remote/*/bans.csv"), Every: 15 * time.Second,
		Claims: &Claims{}, Own: func(Match) bool { return false }, Again: func(time.Duration) {},
		New: func(_ string, parts []string) (FileReader, error) {
			return &Reader{
				Store: s, Name: strings.Join(parts, ""), Format: "auto", Zone: time.UTC, MaxAge: time.Hour, Next: func() {},
			}, nil
		},
	}
	if err := g.Step(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Run("unchanged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.listedAt = time.Time{}
			if err := g.Step(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("a line", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			appendTo(b, file(n%5000), richRow(n))
			g.Changed(file(n % 5000))
			if err := g.Step(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
