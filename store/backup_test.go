package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// files returns the names of the files in a directory.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// bansIn counts the bans of a closed database, and verifies it.
func bansIn(t *testing.T, path string) (n int) {
	t.Helper()
	if !isGoodCopy(t.Context(), path) {
		t.Errorf("%s is not good", path)
	}
	db, err := open(path, "immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM bans").Scan(&n); err != nil {
		t.Error(err)
	}
	return n
}

func TestBackupKeepsACopyOfEachOfSevenDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBans(t)
		dir := filepath.Dir(s.path)
		backup := &Backup{Store: s, Zone: time.UTC}
		step := func() {
			t.Helper()
			if err := backup.Step(t.Context()); err != nil {
				t.Error(err)
			}
		}
		step()
		if copies, err := Copies(s.path); err != nil || len(copies) != 0 {
			t.Errorf("copies of a database that has just begun: %q, %v", copies, err)
		}
		for day := range 10 { // from 00:00 on 1 January 2000
			time.Sleep(12 * time.Hour)
			take(t, s, 0, ban(day, true))
			step()
			if day == 0 {
				for _, suffix := range []string{"", "-wal"} {
					aside := s.path + damagedSuffix + time.Now().UTC().Format(damagedLayout) + suffix
					if err := os.WriteFile(aside, nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			if all, err := filepath.Glob(s.path + damagedSuffix + "*"); err != nil ||
				len(all) != map[bool]int{true: 2, false: 0}[day <= 7] {
				t.Errorf("day %d: %q", day, all)
			}
			// What a crash leaves behind is removed by the next copy.
			if err := os.WriteFile(s.path+copySuffix+partSuffix, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Hour)
			take(t, s, 0, ban(100+day, true)) // after today's copy, which is not repeated
			step()
			time.Sleep(2 * time.Hour)
		}
		copies, err := Copies(s.path)
		if err != nil || len(copies) != copiesKept {
			t.Fatalf("copies: %q, %v", copies, err)
		}
		for i, c := range copies {
			day := 9 - i
			if want := fmt.Sprintf("friendlyfire.db.copy-2000-01-%02d", day+1); filepath.Base(c) != want {
				t.Errorf("copy %s, want %s", c, want)
			}
			if n := bansIn(t, c); n != 2*day+1 {
				t.Errorf("%s has %d bans, want %d", c, n, 2*day+1)
			}
			if info, err := os.Stat(c); err != nil || info.Mode() != 0o600 {
				t.Errorf("%s: %v, %v", c, info.Mode(), err)
			}
		}
		if err := os.Remove(s.path + copySuffix + partSuffix); err != nil { // the last one
			t.Error(err)
		}
		for _, name := range files(t, dir) {
			if strings.Contains(name, partSuffix) || strings.HasSuffix(name, "-journal") {
				t.Errorf("%s is left over", name)
			}
		}
	})
}

func TestR31CopiesFromTheFutureComeLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBans(t)
		for _, suffix := range []string{
			copySuffix + "2000-01-01", copySuffix + "2001-02-04", copySuffix + "1999-12-31",
			damagedSuffix + "2001-02-04T150405Z-wal",
		} {
			if err := os.WriteFile(s.path+suffix, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		copies, err := Copies(s.path)
		if err != nil || len(copies) != 3 || copies[0] != s.path+copySuffix+"2000-01-01" ||
			copies[2] != s.path+copySuffix+"2001-02-04" {
			t.Errorf("%q, %v", copies, err)
		}
		if err := prune(s.path, time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(s.path + damagedSuffix + "2000-01-01T000000Z-wal"); err != nil {
			t.Errorf("%v: seven days from now on", err)
		}
	})
}

func TestBackupWritesNothingWithoutRoom(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true))
	if err := s.SetValue(t.Context(), "store/born", "1"); err != nil {
		t.Fatal(err)
	}
	// To copy a sparse file of 4 TB, 8 TB must be free.
	info, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.path, 1<<42); err != nil {
		t.Skip("no such large files here: ", err)
	}
	before := files(t, filepath.Dir(s.path))
	backup := &Backup{Store: s, Zone: time.UTC}
	if err := backup.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "too little space") {
		t.Errorf("a copy of 4 TB: %v", err)
	}
	if after := files(t, filepath.Dir(s.path)); !slices.Equal(before, after) {
		t.Errorf("before %q, after %q", before, after)
	}
	if err := os.Truncate(s.path, info.Size()); err != nil {
		t.Fatal(err)
	}
	if err := backup.Step(t.Context()); err != nil {
		t.Error(err)
	}
	if copies, err := Copies(s.path); err != nil || len(copies) != 1 {
		t.Errorf("copies %q, %v", copies, err)
	}
}

func many(n int) []Ban {
	bans := make([]Ban, n)
	for i := range bans {
		bans[i] = Ban{
			Time: noon.Add(time.Duration(i) * time.Second), HasEpoch: true,
			Address: fmt.Sprintf("2001:db8::%x:%x", i>>16, i&0xffff), Jail: "sshd",
			Matches: "Failed password for root from 2001:db8::1 port 22 ssh2",
		}
	}
	return bans
}

func TestCopyIsConsistentWhileOthersWrite(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 20_000
	}
	s := openBans(t)
	for bans := range slices.Chunk(many(n), 20_000) {
		take(t, s, 0, bans...)
	}
	done := make(chan error, 1)
	file := filepath.Join(t.TempDir(), "backup.db")
	var size int64
	go func() {
		var err error
		size, err = Copy(t.Context(), s.path, file)
		done <- err
	}()
	alerts := 0
	var err error
	for copied := false; !copied; {
		if posted, err := s.Post(t.Context(), Notice{
			Key: fmt.Sprint("ban/", alerts), Chat: Chat{"telegram", "1"}, Body: "{}",
		}); posted != 1 || err != nil {
			t.Fatal(posted, err)
		}
		select {
		case err = <-done:
			copied = true
		default:
			alerts++ // posted before the copy was finished
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if alerts < 3 {
		t.Errorf("%d alerts were posted while the copy was written", alerts)
	}
	t.Logf("%d alerts were posted while %d bytes were written", alerts, size)
	info, err := os.Stat(file)
	if err != nil || info.Size() != size || info.Mode() != 0o600 {
		t.Errorf("%v, %d bytes of %d, %v", info.Mode(), info.Size(), size, err)
	}
	if got := bansIn(t, file); got != n {
		t.Errorf("the copy has %d bans, want %d", got, n)
	}
}

func TestS15CopiesArePrivate(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	s := openBans(t)
	take(t, s, 0, ban(1, true))
	if err := s.SetValue(t.Context(), "store/born", "1"); err != nil {
		t.Fatal(err)
	}
	if err := (&Backup{Store: s, Zone: time.UTC}).Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Copy(t.Context(), s.path, filepath.Join(filepath.Dir(s.path), "backup.db")); err != nil {
		t.Fatal(err)
	}
	names := files(t, filepath.Dir(s.path))
	for _, name := range names {
		info, err := os.Stat(filepath.Join(filepath.Dir(s.path), name))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if len(names) != 5 { // database, -wal, -shm and the copies
		t.Errorf("%q", names)
	}
}

func TestCopyNeverOverwrites(t *testing.T) {
	s := openBans(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Copy(t.Context(), s.path, file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v, want %v", err, fs.ErrExist)
	}
	if text, err := os.ReadFile(file); string(text) != "precious" {
		t.Errorf("it holds %q, %v", text, err)
	}
	if _, err := Copy(t.Context(), filepath.Join(filepath.Dir(s.path), "other.db"),
		filepath.Join(t.TempDir(), "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy of nothing: %v", err)
	}
	if names := files(t, filepath.Dir(file)); len(names) != 1 {
		t.Errorf("left over: %q", names)
	}
}

// A copy is marked as one, and is a database like any other once that is accepted.
func TestCopyIsKnownAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := openBans(t)
		made := time.Now()
		old, fresh := ban(1, true), ban(2, true)
		old.Time, fresh.Time = made.Add(-50*time.Minute), made.Add(time.Minute)
		if _, err := s.AddBans(ctx, Batch{
			Source: "web1", Cursor: Cursor{Offset: 1}, Bans: []Ban{old, fresh},
			ReadAt: made, NewsSince: made.Add(-time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
		chat := Chat{"telegram", "1"}
		if _, err := s.Post(ctx, Notice{Key: "old", Chat: chat, Body: "{}", CreatedAt: made.Add(-50 * time.Minute)},
			Notice{Key: "young", Chat: chat, Body: "{}", CreatedAt: made}); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "copy.db")
		if _, err := Copy(ctx, s.path, file); err != nil {
			t.Fatal(err)
		}
		if m, err := s.Restored(ctx); m != nil || err != nil {
			t.Errorf("the database itself: %+v, %v", m, err)
		}
		time.Sleep(30 * time.Minute)
		now := time.Now()
		for range 2 { // only the first time it is a copy
			c, err := Open(ctx, file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := c.Restored(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if m != nil {
				if !m.Copied.Equal(made) || m.Reason != "" || m.Whole {
					t.Errorf("%+v, want a copy of %v", m, made)
				}
				if err := c.Accept(ctx, *m, now, now.Add(-time.Hour),
					[]Notice{{Key: "told", Chat: chat, Body: "{}", CreatedAt: now}}); err != nil {
					t.Fatal(err)
				}
			}
			due, err := c.Due(ctx, chat, now, "", 10)
			if err != nil || len(due) != 2 || due[0].Key != "young" || !due[0].MaybeSent || due[1].Key != "told" ||
				due[1].MaybeSent {
				t.Errorf("due: %+v, %v", due, err)
			}
			undecided, err := c.Undecided(ctx, 0, 10)
			if err != nil || len(undecided) != 1 || undecided[0].Address != fresh.Address {
				t.Errorf("undecided: %+v, %v", undecided, err)
			}
			since, err := c.KnowsSince(ctx)
			born, err2 := c.CreatedAt(ctx)
			if err := errors.Join(err, err2); err != nil || !since.Equal(now) || !born.Equal(now) {
				t.Errorf("knows since %v, born %v, %v, want %v", since, born, err, now)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A copy that is interrupted leaves nothing behind.
func TestCopyCanBeInterrupted(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, many(20_000)...)
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	done := make(chan error, 1)
	go func() {
		_, err := Copy(ctx, s.path, filepath.Join(dir, "copy.db"))
		done <- err
	}()
	for len(files(t, dir)) == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-done; err == nil {
		t.Skip("the copy was ready before it could be interrupted")
	}
	if names := files(t, dir); len(names) != 0 {
		t.Errorf("left over: %q", names)
	}
}
