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
	g := patternOf(s, dir)
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

// The first start with 5,000 files of 20 bans each.
func BenchmarkPatternFirst(b *testing.B) {
	dir := b.TempDir()
	for n := range 5000 {
		file := filepath.Join(dir, "remote", fmt.Sprintf("web%04d", n), "bans.csv")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			b.Fatal(err)
		}
		appendTo(b, file, richHeader+rows(richRow, n, n+20))
	}
	for n := 0; b.Loop(); n++ {
		s, err := store.Open(b.Context(), filepath.Join(dir, fmt.Sprint(n, ".db")))
		if err != nil {
			b.Fatal(err)
		}
		if err := patternOf(s, dir).Step(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// patternOf reads the files of the servers in the directory.
func patternOf(s *store.Store, dir string) *Group {
	return &Group{
		Store: s, Files: LocalFiles{}, Pattern: NewPattern(dir + "/remote/*/bans.csv"), Every: 15 * time.Second,
		Claims: &Claims{}, Own: func(Match) bool { return false }, Again: func(time.Duration) {},
		New: func(_ string, parts []string) (FileReader, error) {
			return &Reader{
				Store: s, Name: strings.Join(parts, ""), Format: "auto", Zone: time.UTC, MaxAge: time.Hour, Next: func() {},
			}, nil
		},
	}
}
