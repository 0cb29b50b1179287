package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"friendlyfire/store"
)

// The first start with many files keeps each with one transaction: its bans, how far it was read, and in which zone.
func TestL01AFirstStartWritesOnceForEachFile(t *testing.T) {
	dir := t.TempDir()
	const files = 50
	for n := range files {
		file := filepath.Join(dir, "remote", fmt.Sprintf("web%02d", n), "bans.csv")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		appendTo(t, file, richHeader+rows(richRow, n, n+3))
	}
	path := filepath.Join(dir, "friendlyfire.db")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := commits(t, path)
	if err := patternOf(s, dir).Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := commits(t, path) - before; n < files || n > files+2 {
		t.Errorf("%d transactions for %d files", n, files)
	}
	if r, err := s.Value(t.Context(), readingKey+"web07"); err != nil || r != `{"zone":"UTC"}` {
		t.Errorf("reading %q, %v", r, err)
	}
	before = commits(t, path)
	g := patternOf(s, dir) // a restart
	for range 2 {
		if err := g.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := commits(t, path) - before; n > 1 {
		t.Errorf("%d transactions when nothing is new", n)
	}
}

// commits is how many transactions have written to the database, as its write-ahead log has it: a frame says in its
// header whether it is the last of its transaction (https://www.sqlite.org/fileformat2.html#wal_file_format).
func commits(t *testing.T, path string) (n int) {
	t.Helper()
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	const header, frame = 32, 24 + 4096
	for at := header; at+frame <= len(wal); at += frame {
		if wal[at+4]|wal[at+5]|wal[at+6]|wal[at+7] != 0 {
			n++
		}
	}
	return n
}
