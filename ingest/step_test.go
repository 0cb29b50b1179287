package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Bans older than max_age are history, whenever they are read.
func TestR16OldRowsAreHistory(t *testing.T) {
	p := newPlace(t)
	old := func(n int) string {
		return time.Now().Add(-2*time.Hour).UTC().Format("2006-01-02,15:04:05,") + ip(n) + "\n"
	}
	p.write(p.path, seedHeader+rows(old, 0, 100)+rows(seedRow, 100, 103))
	p.step()
	p.want(ips(100, 103)...)
	if s := p.status(); s.Bans != 103 {
		t.Errorf("%d bans, want 103", s.Bans)
	}
	t.Attr("reached", "100 rows of two hours ago and 3 of now: 3 are news")
}

// Fail2Ban writes its bans again after a restart: with an epoch, these are recognized.
func TestR17RepeatedRowsAreNoNewBans(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+rows(richRow, 0, 1000))
	p.step()
	p.append(p.path, rows(richRow, 0, 1000))
	p.nexts = 0
	p.step()
	p.want(ips(0, 1000)...)
	t.Attr("reached", fmt.Sprintf("1000 bans repeated: %d repeats", p.status().Bans-1000))
}

// A large file is read in batches. Whenever that is interrupted, the next reader continues, and the bans are the same.
func TestR01ImportResumes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const all = batchLines*2 + 500
	p.write(p.path, richHeader+func() string {
		var b strings.Builder
		for n := range all {
			fmt.Fprintf(&b, "2026-11-22,14:05:09,%s,sshd,5,3600,1,%d\n", ip(n%1000), 1795356309+n)
		}
		return b.String()
	}())
	var seen []Progress
	for round := 0; ; round++ {
		p.restart()
		ctx, cancel := context.WithCancel(t.Context())
		p.reader.Progress = func(g Progress) { seen = append(seen, g); cancel() } // after each batch
		err := p.reader.Step(ctx)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || round > 10 {
			t.Fatal(err)
		}
	}
	if s := p.status(); s.Bans != all || s.Lines != all+1 || s.Offset != s.Size {
		t.Errorf("%d bans of %d lines, %d of %d bytes; want %d", s.Bans, s.Lines, s.Offset, s.Size, all)
	}
	t.Attr("reached", fmt.Sprintf("an import cut off after each of %d batches: %d of %d bans", len(seen),
		p.status().Bans, all))
	for n, g := range seen {
		if g.Source != "web1" || g.Done > g.Size || n > 0 && g.Done <= seen[n-1].Done || g.Bans == 0 {
			t.Errorf("progress %+v", seen)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d batches, want 3", len(seen))
	}
}

// counted counts the calls to the source.
type counted struct {
	Local
	stats, lists, opens int
}

func (c *counted) Stat(ctx context.Context) (Info, error) { c.stats++; return c.Local.Stat(ctx) }

func (c *counted) Rotated(ctx context.Context) ([]Info, error) {
	c.lists++
	return c.Local.Rotated(ctx)
}

func (c *counted) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	c.opens++
	return c.Local.Open(ctx, name)
}

// If nothing has changed, a step calls stat once and writes nothing. New lines are read without the old ones.
func TestP07UnchangedFileCostsOneStat(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+rows(richRow, 0, 1000)+"half a li")
	p.step()
	source := &counted{Local: Local{p.path}}
	p.reader.Source = source
	wal := filepath.Join(filepath.Dir(p.path), "db", "friendlyfire.db-wal")
	before, err := os.Stat(wal)
	p.must(err)
	for range 10 {
		p.step()
	}
	after, err := os.Stat(wal)
	p.must(err)
	if source.stats != 10 || source.lists != 0 || source.opens != 0 {
		t.Errorf("%+v, want 10 stats and nothing else", source)
	}
	p.append(p.path, " and more of it")
	p.step()
	if now, err := os.Stat(wal); err != nil || now.Size() != before.Size() || !now.ModTime().Equal(after.ModTime()) {
		t.Errorf("the database was written to: %v", err)
	}
}

// Anything but a regular file is refused at once, and read when it has become one.
func TestS14OnlyRegularFilesAreRead(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"pipe":             func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory":        func(path string) error { return os.Mkdir(path, 0o700) },
		"device":           func(path string) error { return os.Symlink("/dev/zero", path) },
		"dangling symlink": func(path string) error { return os.Symlink("/nowhere/at/all", path) },
		"symlink loop":     func(path string) error { return os.Symlink(path, path) },
		"nothing":          func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.must(put(p.path))
			if err := p.reader.Step(t.Context()); err == nil {
				t.Fatal("no error")
			}
			s := p.status()
			if s.Error == "" || s.FailingSince.IsZero() {
				t.Errorf("the store does not know: %+v", s)
			}
			if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			p.write(p.path, richHeader+richRow(1))
			p.step()
			p.want(ip(1))
			if s := p.status(); s.Error != "" || !s.FailingSince.IsZero() {
				t.Errorf("the store does not know that it is over: %+v", s)
			}
		})
	}
}

// Sparse files and endless lines cost time, but no memory, and no lines after them.
func TestS14EndlessLine(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, seedHeader+seedRow(1))
	size := int64(1 << 30)
	if testing.Short() {
		size >>= 5
	}
	p.must(os.Truncate(p.path, size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p.step()
	runtime.ReadMemStats(&after)
	if grown := after.HeapSys - before.HeapSys; grown > 16<<20 && after.HeapSys > before.HeapSys {
		t.Errorf("%d bytes of memory for a line", grown)
	}
	p.want(ip(1))
	p.restart()
	source := &counted{Local: Local{p.path}}
	p.reader.Source = source
	p.append(p.path, "\n"+seedRow(2))
	began := time.Now()
	p.step()
	t.Logf("the line's end after %v", time.Since(began))
	p.want(ip(1), ip(2))
	if s := p.status(); s.Kinds[string(errLong)] != 1 || s.Rejects != 1 || s.Lines != 4 {
		t.Errorf("%d lines, rejects %v, want one line too long", s.Lines, s.Kinds)
	}
}

// Repeated failures are recorded once: only a change is written to the store.
func TestFailingSourceIsNotedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		first := time.Now()
		for range 5 {
			if err := p.reader.Step(t.Context()); !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if s := p.status(); !s.FailingSince.Equal(first.Truncate(time.Second)) ||
			!strings.Contains(s.Error, "no such file") {
			t.Errorf("failing since %v for %q, want %v", s.FailingSince, s.Error, first)
		}
		p.store.Close()
	})
}

// Writers, rotation and a reader at the same time, in real time.
func TestR19WhileItIsWritten(t *testing.T) {
	p := newPlace(t)
	const all = 3000
	p.write(p.path, seedRow(0)) // files rotated before the first step are not read
	p.step()
	done := make(chan error)
	go func() {
		random := rand.New(rand.NewPCG(3, 19))
		for n, file := 1, 0; n < all; n++ {
			f, err := os.OpenFile(p.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err == nil {
				_, err = f.WriteString(seedRow(n))
			}
			if err := errors.Join(err, f.Close()); err != nil {
				done <- err
				return
			}
			if random.IntN(20) == 0 {
				time.Sleep(time.Millisecond)
			}
			if random.IntN(50) == 0 {
				file++
				if err := os.Rename(p.path, fmt.Sprintf("%s-2026%04d", p.path, file)); err != nil {
					done <- err
					return
				}
			}
		}
		done <- nil
	}()
	for writing := true; writing; {
		select {
		case err := <-done:
			p.must(err)
			writing = false
		default:
		}
		if err := p.reader.Step(t.Context()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	p.append(p.path, seedRow(all))
	p.step()
	p.want(ips(0, all+1)...)
	t.Attr("reached", fmt.Sprintf("%d bans written and rotated while they are read: %d read", all+1, p.status().Bans))
}

func TestRotationNames(t *testing.T) {
	for name, want := range map[string]string{
		"bans.csv": "", "bans.csv.1": "1", "bans.csv.12.gz": "12", "bans.csv-20261122": "20261122",
		"bans.csv-20261122.gz": "20261122",
		"bans-20261122.csv":    "20261122", "bans.csv.2026-11-22": "20261122", "bans-20261122.csv.gz": "20261122",
		"bans.csv-20261122-1763769600": "202611221763769600",
		"bans.csv.bak":                 "", "bans.csv.": "", "bans.csv1": "", "bans2.csv": "", "bans.csv.1.xz": "1",
		"bans.csv.old": "old", "bans.csv.1.gz.gpg": "1", "other.csv.1": "", "bans.csv.swp": "", "bans.1.tsv": "",
	} {
		if got := Rotation("bans.csv", name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var got []string
	for _, i := range sortRotated([]Info{
		{Name: "a.1", Rotation: "1"}, {Name: "a.10.gz", Rotation: "10"}, {Name: "a.2.gz", Rotation: "2"}, {
			Name:     "a.2",
			Rotation: "2",
		}, {Name: "a.9", Rotation: "9"},
	}) {
		got = append(got, i.Name)
	}
	if want := "[a.10.gz a.9 a.2 a.1]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	got = nil
	for _, i := range sortRotated([]Info{
		{Name: "a-20261123", Rotation: "20261123"},
		{Name: "a-20251231", Rotation: "20251231"},
		{Name: "a-20261122", Rotation: "20261122"},
	}) {
		got = append(got, i.Name)
	}
	if want := "[a-20251231 a-20261122 a-20261123]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

var _ Source = Local{}

// The sample that the program ships has as many bans as it says.
func TestSample(t *testing.T) {
	p := newPlace(t)
	p.reader.Source = Local{"../sample/bans.csv"}
	p.step()
	if s := p.status(); s.Bans != 1003 || s.Rejects != 0 || s.Lines != 1004 {
		t.Errorf("%d bans of %d lines, %d rejects", s.Bans, s.Lines, s.Rejects)
	}
	got, err := p.reader.Peek(t.Context())
	if err != nil || got.Last == nil {
		t.Fatal(got, err)
	}
	if got.Last.Jail == "" || got.Bad != 0 || !got.Written.IsZero() {
		t.Errorf("%+v", got)
	}
}
