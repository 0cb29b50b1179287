package ingest

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"friendlyfire/store"
)

// A file that vanishes is known to be gone, whether a process has read it or an earlier one, until it is there again. A
// rotated file is not gone.
func TestT02FileThatVanishesIsKnownToBeGone(t *testing.T) {
	for name, restart := range map[string]bool{"while it is read": false, "between two processes": true} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path, richHeader+rows(richRow, 0, 3))
			p.step()
			p.must(os.Remove(p.path))
			if restart {
				p.restart()
			}
			for range 3 {
				if err := p.reader.Step(t.Context()); !errors.Is(err, fs.ErrNotExist) {
					t.Fatalf("error %v", err)
				}
				s := p.status()
				if want := store.NoFile + ": " + p.path; s.Error != want || !s.Gone() || s.FailingSince.IsZero() {
					t.Errorf("%q since %v, want %q", s.Error, s.FailingSince, want)
				}
			}
			p.write(p.path, richHeader+rows(richRow, 3, 5))
			p.step()
			p.want(ips(0, 5)...)
			if s := p.status(); s.Gone() || !s.FailingSince.IsZero() {
				t.Errorf("still gone: %+v", s)
			}
			p.rename(p.path, p.path+".1")
			for range 3 {
				p.step()
			}
			p.must(os.Remove(p.path + ".1"))
			if err := p.reader.Step(t.Context()); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("error %v", err)
			}
		})
	}
}
