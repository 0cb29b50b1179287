package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// Imports a million rows, in batches as the reader makes them.
func BenchmarkAddBans(b *testing.B) {
	for name, c := range map[string]struct {
		epoch     bool
		addresses int
	}{
		"epoch/27691 addresses":    {true, 27_691},
		"epoch/1000000 addresses":  {true, 1_000_000},
		"original/27691 addresses": {false, 27_691},
	} {
		b.Run(name, func(b *testing.B) {
			const rows, batch = 1_000_000, 20_000
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			bans := make([]Ban, batch)
			for b.Loop() {
				b.StopTimer()
				s, err := Open(b.Context(), filepath.Join(b.TempDir(), fmt.Sprint(b.Elapsed().Nanoseconds(), ".db")))
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				for from := 0; from < rows; from += batch {
					for i := range bans {
						n := from + i
						x := uint32(n%c.addresses) * 2654435761
						bans[i] = Ban{
							Time: start.Add(time.Duration(n*10-n%7*3) * time.Second), HasEpoch: c.epoch,
							Address:  fmt.Sprintf("%d.%d.%d.%d", x>>24, x>>16&255, x>>8&255, x&255),
							Jail:     [...]string{"sshd", "nginx-http-auth", "recidive"}[n%3],
							Failures: 5, BanTime: 3600, BanCount: 1,
						}
					}
					_, err := s.AddBans(b.Context(), Batch{
						Source: "web1", Bans: bans, Lines: batch, ReadAt: start,
						NewsSince: start.Add(1e6 * time.Hour),
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
