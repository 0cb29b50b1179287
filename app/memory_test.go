package app

import (
	"path/filepath"
	"testing"

	"friendlyfire/enrich"
	"friendlyfire/store"
)

func TestMemoryIsGivenBackOnceNothingUsesIt(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	table, err := enrich.OpenTable("")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	m := memory{store: s, table: table}
	for n, step := range []struct{ used, left bool }{{false, false}, {true, true}, {true, true}, {false, false}, {false, false}} {
		if step.used {
			m.Touch()
		}
		if err := m.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m.left != step.left {
			t.Errorf("step %d, used %v: left %v, want %v", n, step.used, m.left, step.left)
		}
	}
}
