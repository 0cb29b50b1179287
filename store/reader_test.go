package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenToReadOnlyReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.SetValue(t.Context(), "test/key", "kept"); err != nil {
		t.Fatal(err)
	}
	r, err := OpenToRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if value, err := r.Value(t.Context(), "test/key"); err != nil || value != "kept" {
		t.Errorf("%q, %v", value, err)
	}
	if err := r.SetValue(t.Context(), "test/key", "changed"); err == nil {
		t.Error("it writes")
	}
	if _, err := r.Post(t.Context(), Notice{Key: "a/1"}); err == nil {
		t.Error("it posts")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if value, err := s.Value(t.Context(), "test/key"); err != nil || value != "kept" {
		t.Errorf("%q, %v", value, err)
	}
}

func TestOpenToReadWantsItsOwnSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.w.Exec("PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenToRead(t.Context(), path); err == nil || !strings.Contains(err.Error(), "start the bot once") {
		t.Errorf("an older schema: %v", err)
	}
	if _, err := s.w.Exec("PRAGMA user_version = 1000"); err != nil {
		t.Fatal(err)
	}
	_, err = OpenToRead(t.Context(), path)
	if _, ok := errors.AsType[*NewerError](err); !ok {
		t.Errorf("a newer schema: %v", err)
	}
}
