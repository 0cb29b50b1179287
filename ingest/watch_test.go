package ingest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A change is noticed at once: of the file, of its successor after a rotation, and in a directory that appears late.
func TestP03WatchSeesEveryChange(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "late")
	path := filepath.Join(dir, "bans.csv")
	woken := make(chan struct{}, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- Watch(ctx, path, func() { woken <- struct{}{} }) }()
	wait := func(what string, limit time.Duration) {
		t.Helper()
		select {
		case <-woken:
		case <-time.After(limit):
			t.Fatalf("%s went unnoticed", what)
		}
		for time.Sleep(50 * time.Millisecond); len(woken) > 0; {
			<-woken
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	wait("the directory", 3*watchRetry)
	p := &place{t: t, path: path}
	p.append(path, seedHeader)
	wait("the file", time.Second)
	p.append(path, seedRow(1))
	wait("a line", time.Second)
	p.rename(path, path+".1")
	wait("the rotation", time.Second)
	p.append(path+".1", seedRow(2))
	wait("a late line", time.Second)
	p.append(path, seedRow(3))
	wait("a line after the rotation", time.Second)
	p.append(filepath.Join(dir, "other"), "x")
	select {
	case <-woken:
		t.Error("another file woke the reader")
	case <-time.After(100 * time.Millisecond):
	}
	p.must(os.RemoveAll(dir))
	wait("the end of the directory", time.Second)
	p.must(os.Mkdir(dir, 0o700))
	wait("the directory's return", 3*watchRetry)
	p.append(path, seedRow(4))
	wait("a line after the return", time.Second)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// One watcher sees the files of all servers of a pattern, of those that come late as well, and nothing of others.
func TestL01OneWatcherSeesEveryServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "remote")
	p := &place{t: t}
	p.must(os.MkdirAll(filepath.Join(dir, "web1"), 0o700))
	changes := make(chan string, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- WatchPattern(ctx, NewPattern(dir+"/*/bans.csv"), func(file string) { changes <- file }, func(err error) {
			t.Error(err)
		})
	}()
	wait := func(what, file string) {
		t.Helper()
		for limit := time.After(3 * watchRetry); ; {
			select {
			case got := <-changes:
				if got == file {
					return
				}
			case <-limit:
				t.Fatalf("%s went unnoticed", what)
			}
		}
	}
	file := func(server string) string { return filepath.Join(dir, server, "bans.csv") }
	wait("the start", "")
	p.append(file("web1"), seedHeader)
	wait("a file", file("web1"))
	p.must(os.Mkdir(filepath.Join(dir, "web2"), 0o700))
	wait("a server", "")
	p.append(file("web2"), seedHeader)
	wait("its file", file("web2"))
	p.rename(file("web2"), file("web2")+".1")
	wait("the rotation", file("web2"))
	p.must(os.RemoveAll(filepath.Join(dir, "web1")))
	wait("the end of a server", "")
	p.must(os.Mkdir(filepath.Join(dir, "web1"), 0o700))
	wait("its return", "")
	p.append(file("web1"), seedHeader)
	wait("its file again", file("web1"))
	for time.Sleep(100 * time.Millisecond); len(changes) > 0; {
		<-changes
	}
	p.append(filepath.Join(dir, "web1", "auth.log"), "x")
	p.append(filepath.Join(dir, "README"), "x")
	p.append(file("web1"), seedRow(1))
	wait("a line", file("web1"))
	for time.Sleep(100 * time.Millisecond); len(changes) > 0; {
		if got := <-changes; got != file("web1") {
			t.Errorf("%q has changed", got)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
