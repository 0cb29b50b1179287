package app

import (
	"path/filepath"
	"testing"

	"friendlyfire/acceptance/harness"
)

func TestMemoryIsGivenBackOnceNothingUsesIt(t *testing.T) {
	s := harness.OpenStore(t, filepath.Join(t.TempDir(), "friendlyfire.db"))
	m := memory{store: s, table: harness.OpenTable(t)}
	for n, step := range []struct{ used, left bool }{
		{false, false}, {true, true}, {true, true}, {false, false}, {false, false},
	} {
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
	for n := range 3 * steadyUse { // and now and then where something always uses it
		m.Touch()
		if err := m.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := (n+1)%steadyUse != 0; m.left != want {
			t.Errorf("step %d of steady use: left %v, want %v", n, m.left, want)
		}
	}
}
