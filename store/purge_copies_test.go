package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestS16CopiesForgetToo(t *testing.T) {
	ctx := t.Context()
	s := openBans(t)
	old, fresh := ban(1, true), ban(2, true)
	old.Time, old.Address = noon.AddDate(0, 0, -400), "198.51.100.77"
	take(t, s, 0, old, fresh)
	days := []string{"2026-11-20", "2026-11-21", "2026-11-22"}
	for _, day := range days {
		if _, err := Copy(ctx, s.path, s.path+copySuffix+day); err != nil {
			t.Fatal(err)
		}
	}
	overwrite(t, s.path+copySuffix+days[0], 0, []byte("garbage"))
	if text, err := os.ReadFile(s.path + copySuffix + days[1]); err != nil ||
		!bytes.Contains(text, []byte(old.Address)) {
		t.Fatalf("the copy does not have the address in plain bytes, %v", err)
	}

	before := noon.AddDate(0, 0, -365)
	var written []time.Time
	for range 2 { // the second time there is nothing left to do
		if _, err := s.Purge(ctx, before); err != nil {
			t.Fatal(err)
		}
		if err := PurgeCopies(ctx, s.path, before); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(s.path + copySuffix + days[1])
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, info.ModTime())
	}
	if !written[0].Equal(written[1]) {
		t.Error("a copy was written again though it had nothing to forget")
	}
	for _, name := range files(t, filepath.Dir(s.path)) {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(s.path), name))
		if err != nil || bytes.Contains(text, []byte(old.Address)) {
			t.Errorf("%s still has the address, %v", name, err)
		}
	}
	copies, err := Copies(s.path)
	if want := []string{s.path + copySuffix + days[2], s.path + copySuffix + days[1]}; err != nil ||
		!slices.Equal(copies, want) {
		t.Fatalf("copies %q, %v, want %q", copies, err, want)
	}
	for _, c := range copies {
		if n := bansIn(t, c); n != 1 {
			t.Errorf("%s has %d bans, want 1", c, n)
		}
		if info, err := os.Stat(c); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", c, info.Mode(), err)
		}
	}
	again, err := Open(ctx, copies[0])
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	total, err := again.Totals(ctx, Window{})
	if err != nil || total.Bans != 2 {
		t.Errorf("%d bans are counted, %v, want 2", total.Bans, err)
	}
	if m, err := again.Restored(ctx); err != nil || m == nil || m.Copied.IsZero() {
		t.Errorf("it is no copy any more: %+v, %v", m, err)
	}
}
