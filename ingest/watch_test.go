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
