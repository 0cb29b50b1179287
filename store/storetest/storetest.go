// Package storetest makes databases for tests.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"friendlyfire/store"
)

// New creates the database at path, in a directory that there is, and closes it at the end of the test. It is a copy of
// one that is made once: to run all migrations for each test would take most of its time.
func New(tb testing.TB, path string) *store.Store {
	tb.Helper()
	empty, err := template()
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		tb.Fatal(err)
	}
	s, err := store.Open(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	if err := s.SetValue(tb.Context(), "store/born", strconv.FormatInt(time.Now().Unix(), 10)); err != nil {
		tb.Fatal(err)
	}
	return s
}

// template is a new database.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "friendlyfire-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "friendlyfire.db")
	s, err := store.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
