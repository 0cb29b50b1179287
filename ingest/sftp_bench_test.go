package ingest

import (
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"friendlyfire/store"
)

// Five hundred servers over SFTP: a cycle in which each has a new line, and one in which none has. Server and client
// share the process, so the memory is that of both together.
func BenchmarkSFTPSources(b *testing.B) {
	const servers = 500
	user, key := newKey(b)
	hostKey, _ := newKey(b)
	host := newSSHHost(b, user.PublicKey(), hostKey)
	known := knows(b, host.address, hostKey.PublicKey())
	dir := b.TempDir()
	s, err := store.Open(b.Context(), filepath.Join(dir, "friendlyfire.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var readers []*Reader
	for n := range servers {
		path := filepath.Join(dir, fmt.Sprintf("%d.csv", n))
		appendTo(b, path, richHeader)
		source := &SFTP{
			User: "bans", Address: host.address, Path: path, KeyFile: key, KnownHosts: known,
			Dial: (&net.Dialer{}).DialContext,
		}
		b.Cleanup(func() { source.Close() })
		readers = append(readers, &Reader{
			Store: s, Name: fmt.Sprintf("web%d", n), Source: source, Format: "auto", Zone: time.UTC, MaxAge: time.Hour,
			Next: func() {},
		})
	}
	cycle := func() {
		var wg sync.WaitGroup
		for _, r := range readers {
			wg.Go(func() {
				if err := r.Step(b.Context()); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
	cycle()
	for name, grows := range map[string]bool{"unchanged": false, "a line each": true} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				if grows {
					b.StopTimer()
					for _, r := range readers {
						appendTo(b, r.Source.(*SFTP).Path, richRow(n))
					}
					n++
					b.StartTimer()
				}
				cycle()
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapInuse+m.StackInuse)/servers/1024, "KiB/source")
			b.ReportMetric(float64(host.logins.Load())/servers, "logins/source")
		})
	}
}
