package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// databaseOf makes a closed database with this many bans, and daily copies with these numbers of bans.
func databaseOf(t *testing.T, bans int, copies map[string]int) (path string) {
	t.Helper()
	s := openBans(t)
	have := 0
	days := make([]string, 0, len(copies))
	for day := range copies {
		days = append(days, day)
	}
	slices.Sort(days)
	for _, day := range append(days, "") {
		n := bans
		if day != "" {
			n = copies[day]
		}
		for ; have < n; have++ {
			take(t, s, 0, ban(have, true))
		}
		if day == "" {
			continue
		}
		if _, err := Copy(t.Context(), s.path, s.path+copySuffix+day); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.path
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(with, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// unclean leaves a -wal file, as a kill does.
func unclean(t *testing.T, path string) {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetValue(t.Context(), "test/last", "word"); err != nil {
		t.Fatal(err)
	}
	image := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		if image[suffix], err = os.ReadFile(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for suffix, content := range image {
		if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// damages are the ways in which a database can be damaged, and the reasons given for them.
var damages = map[string]struct {
	do   func(t *testing.T, path string)
	says string
}{
	"broken header": {
		func(t *testing.T, path string) { overwrite(t, path, 0, []byte("garbage")) },
		"had a broken header",
	},
	"empty":         {func(t *testing.T, path string) { truncate(t, path, 0) }, "was empty"},
	"ten bytes":     {func(t *testing.T, path string) { truncate(t, path, 10) }, "had a broken header"},
	"hundred bytes": {func(t *testing.T, path string) { truncate(t, path, 100) }, "was malformed"},
	"cut":           {func(t *testing.T, path string) { truncate(t, path, 5*4096+17) }, "was malformed"},
	"broken schema": {func(t *testing.T, path string) { overwrite(t, path, 100, make([]byte, 3996)) }, "was malformed"},
	"broken page, unclean stop": {func(t *testing.T, path string) {
		unclean(t, path)
		overwrite(t, path, 4096, bytes.Repeat([]byte{0xa5}, 3*4096))
	}, "was malformed"},
	"a database without tables": {func(t *testing.T, path string) {
		truncate(t, path, 0)
		db, err := open(path, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (a); DROP TABLE t"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}, "was empty"},
	"deleted": {func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+"-wal", []byte("left over"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, "was gone"},
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func TestR25DamageIsFoundSetAsideAndMended(t *testing.T) {
	at := time.Date(2026, 11, 23, 16, 4, 5, 0, time.FixedZone("CET", 3600))
	for name, damage := range damages {
		for with, want := range map[string]struct {
			copies map[string]int
			spoil  bool
			bans   int
		}{
			"no copy":                 {nil, false, 0},
			"two copies":              {map[string]int{"2026-11-21": 2, "2026-11-22": 4}, false, 4},
			"the newest is no better": {map[string]int{"2026-11-21": 2, "2026-11-22": 4}, true, 2},
		} {
			if with != "two copies" && name != "broken header" {
				continue // the choice of a copy does not depend on the damage
			}
			t.Run(name+", "+with, func(t *testing.T) {
				t.Parallel() // it mostly waits for the disk
				path := databaseOf(t, 6, want.copies)
				if want.spoil {
					overwrite(t, path+copySuffix+"2026-11-22", 3*4096, bytes.Repeat([]byte{0xa5}, 2*4096))
				}
				if err := Check(t.Context(), path); err != nil {
					t.Fatal(err)
				}
				damage.do(t, path)
				before, _ := os.ReadFile(path)

				d := Corruption(path, Check(t.Context(), path))
				if d == nil || d.Reason != damage.says {
					t.Fatalf("%+v, want %q", d, damage.says)
				}
				m, err := Restore(t.Context(), path, d.Reason, at)
				if err != nil {
					t.Fatal(err)
				}
				const aside = "friendlyfire.db.damaged-2026-11-23T150405Z"
				after, err := os.ReadFile(filepath.Join(filepath.Dir(path), aside))
				switch {
				case name == "deleted":
					if m.Aside != "" || err == nil {
						t.Errorf("%q is kept of nothing", m.Aside)
					}
				// its -wal is written back
				case m.Aside != aside || !bytes.Equal(before, after) && name != "broken page, unclean stop":
					t.Errorf("%q is kept, %v", m.Aside, err)
				}

				if err := Check(t.Context(), path); err != nil {
					t.Errorf("mended: %v", err)
				}
				s, err := Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				total, err := s.Totals(t.Context(), Window{})
				if err != nil || total.Bans != int64(want.bans) {
					t.Errorf("%d bans, want %d; %v", total.Bans, want.bans, err)
				}
				got, err := s.Restored(t.Context())
				if err != nil || got == nil || got.Reason != damage.says || !got.At.Equal(at) ||
					got.Aside != m.Aside || got.Copied.IsZero() != (want.copies == nil) {
					t.Errorf("%+v, %v", got, err)
				}
				for _, file := range files(t, filepath.Dir(path)) {
					if strings.Contains(file, partSuffix) {
						t.Errorf("%s is left over", file)
					}
				}
			})
		}
	}
}

// Open refuses a damaged database, which only the bot may restore, and changes nothing.
func TestR25OpenRefusesADamagedDatabase(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "unclean") || name == "a database without tables" {
				t.Skip("not seen at a glance")
			}
			path := databaseOf(t, 6, map[string]int{"2026-11-22": 4})
			damage.do(t, path)
			before := files(t, filepath.Dir(path))
			s, err := Open(t.Context(), path)
			if d := Corruption(path, err); d == nil || d.Reason != damage.says {
				t.Errorf("%v, %v, want %q", s, err, damage.says)
			}
			if after := files(t, filepath.Dir(path)); !slices.Equal(before, after) {
				t.Errorf("before %q, after %q", before, after)
			}
		})
	}
}

// Wherever a crash interrupts Restore, the next start finds damage again, and repairs it.
func TestR25MendIsDoneAgainAfterACrash(t *testing.T) {
	steps := []string{"", "-wal", "-shm"}
	for done := range len(steps) + 1 {
		path := databaseOf(t, 6, map[string]int{"2026-11-22": 4})
		unclean(t, path)
		overwrite(t, path, 0, []byte("garbage"))
		for _, suffix := range steps[:done] {
			if err := os.Rename(path+suffix, path+damagedSuffix+"2026-11-23T150405Z"+suffix); err != nil &&
				suffix != "-shm" {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path+".mended"+partSuffix, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := Corruption(path, Check(t.Context(), path))
		if d == nil {
			t.Fatalf("after %d steps: no damage", done)
		}
		if _, err := Restore(t.Context(), path, d.Reason, time.Now()); err != nil {
			t.Fatal(err)
		}
		if n := bansIn(t, path); n != 4 {
			t.Errorf("after %d steps: %d bans, want 4", done, n)
		}
		if _, err := os.Stat(path + "-wal"); err == nil {
			t.Errorf("after %d steps: the old -wal lies beside the mended database", done)
		}
	}
}

func TestFirstDatabaseIsNoDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state", "friendlyfire.db")
	if err := Check(t.Context(), path); err != nil {
		t.Error(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if m, err := s.Restored(t.Context()); m != nil || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
	if since, err := s.KnowsSince(t.Context()); !since.IsZero() || err != nil {
		t.Errorf("%v, %v", since, err)
	}
}

func TestR25OtherDatabasesAreNotDamaged(t *testing.T) {
	tests := map[string]struct {
		do  func(t *testing.T, path string)
		err string
	}{
		"of a later release": {
			func(t *testing.T, path string) { pragma(t, path, "PRAGMA user_version = 1000") },
			"upgrade",
		},
		"of a later release, unclean stop": {func(t *testing.T, path string) {
			pragma(t, path, "PRAGMA user_version = 1000")
			if err := os.WriteFile(path+"-wal", []byte("no frame of it"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "upgrade"},
		"of another program": {
			func(t *testing.T, path string) { pragma(t, path, "PRAGMA user_version = 0") },
			"of another program",
		},
		"a directory": {func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, "is no file"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := databaseOf(t, 6, map[string]int{"2026-11-22": 4})
			tc.do(t, path)
			err := Check(t.Context(), path)
			if err == nil {
				var s *Store
				if s, err = Open(t.Context(), path); err == nil {
					s.Close()
				}
			}
			if err == nil || Corruption(path, err) != nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%v, want %q and no damage", err, tc.err)
			}
			if name == "of a later release" {
				if _, ok := errors.AsType[*NewerError](err); !ok {
					t.Errorf("%v is no NewerError", err)
				}
			}
			for _, file := range files(t, filepath.Dir(path)) {
				if strings.Contains(file, damagedSuffix) {
					t.Errorf("%s was set aside", file)
				}
			}
		})
	}
}

func pragma(t *testing.T, path, text string) {
	t.Helper()
	db, err := open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// A database whose file is deleted stays intact while it is open, and is written again.
func TestR25DeletedWhileOpen(t *testing.T) {
	for _, deleted := range [][]string{{""}, {"", "-wal", "-shm"}} {
		s := openBans(t)
		take(t, s, 0, many(100)...)
		if err := s.Present(t.Context()); err != nil {
			t.Error(err)
		}
		for _, suffix := range deleted {
			if err := os.Remove(s.path + suffix); err != nil {
				t.Fatal(err)
			}
		}
		take(t, s, 0, ban(1000, true)) // the deletion is not noticed yet
		d := Corruption(s.path, s.Present(t.Context()))
		if d == nil || !d.Lost {
			t.Fatalf("deleted: %+v", d)
		}
		if err := s.Rescue(t.Context(), d.Reason, time.Now()); err != nil {
			t.Fatal(err)
		}
		if n := bansIn(t, s.path); n != 101 {
			t.Errorf("%d bans, want 101", n)
		}
		if err := Check(t.Context(), s.path); err != nil {
			t.Error(err)
		}
		again, err := Open(t.Context(), s.path)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := again.Restored(t.Context()); err != nil || m == nil || !m.Whole ||
			m.Reason != "was deleted while I ran" {
			t.Errorf("%+v, %v", m, err)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Another file in its place is left alone, and the open database is set aside.
func TestR25ReplacedWhileOpen(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, many(100)...)
	other := databaseOf(t, 7, nil)
	if err := os.Rename(other, s.path); err != nil {
		t.Fatal(err)
	}
	d := Corruption(s.path, s.Present(t.Context()))
	if d == nil || !d.Lost {
		t.Fatalf("replaced: %+v", d)
	}
	if err := s.Rescue(t.Context(), d.Reason, time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := bansIn(t, s.path); n != 7 {
		t.Errorf("%d bans, want the 7 of the other file", n)
	}
	for _, name := range files(t, filepath.Dir(s.path)) {
		if strings.Contains(name, damagedSuffix) {
			if n := bansIn(t, filepath.Join(filepath.Dir(s.path), name)); n != 100 {
				t.Errorf("%s has %d bans, want 100", name, n)
			}
			return
		}
	}
	t.Error("what was open is lost")
}

func TestR25EmptiedWhileOpen(t *testing.T) {
	for name, damage := range map[string]func(path string){
		"was empty":           func(path string) { truncate(t, path, 0) },
		"had a broken header": func(path string) { overwrite(t, path, 0, []byte("garbage")) },
	} {
		s := openBans(t)
		damage(s.path)
		if d := Corruption(s.path, s.Present(t.Context())); d == nil || d.Lost || d.Reason != name {
			t.Errorf("%+v, want %q", d, name)
		}
	}
}

// The program stops its stages when it finds its database deleted. What they were interrupted in must not cost the
// data.
func TestR25RescueDoesWithoutInterruptedConnections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "friendlyfire.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	take(t, s, 0, ban(1, true), ban(2, true))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, db := range []*sql.DB{s.w, s.r} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := db.ExecContext(ctx,
			"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
		cancel()
		if err == nil {
			t.Fatal("an endless statement has ended")
		}
	}
	if err := s.Rescue(t.Context(), "was deleted while I ran", noon); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if total, err := s.Totals(t.Context(), Window{}); err != nil || total.Bans != 2 {
		t.Errorf("%+v, %v, want 2 bans", total, err)
	}
}
