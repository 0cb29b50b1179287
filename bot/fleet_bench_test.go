package bot

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// fleetStore is a database with so many bans of the last month, spread over so many servers.
func fleetStore(b *testing.B, servers, rows int, now time.Time) (*store.Store, Words) {
	b.Helper()
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "test.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var bans []store.Ban
	for n := range rows {
		bans = append(bans, store.Ban{
			Source: fmt.Sprintf("web%04d", n%servers), Time: now.Add(-time.Duration(n) * (30 * 24 * time.Hour / time.Duration(rows))).Truncate(time.Second),
			HasEpoch: true, Address: attacker(n % 27_691), Jail: []string{"sshd", "postfix-sasl"}[n%2],
		})
	}
	add(b, s, now, bans...)
	for n := range servers {
		_, err := s.AddBans(b.Context(), store.Batch{
			Source: fmt.Sprintf("web%04d", n), Cursor: store.Cursor{Offset: 1, Size: 1, Line: 1}, Lines: 4, ReadAt: now,
			Others: map[string]int{"failure found": 1, "unban": 1, "start or stop": 1, "other fail2ban": 1},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Pack(b.Context(), now); err != nil {
		b.Fatal(err)
	}
	return s, Words{Zone: brussels, Friends: store.Friends{Countries: []store.Country{"BE"}}}
}

// A report of a fleet beside that of one server, with as many bans: counted, captioned and drawn.
func BenchmarkFleetReport(b *testing.B) {
	now := time.Now()
	for _, bans := range []int{100_000, 1_000_000} {
		for _, servers := range []int{1, 1000} {
			s, words := fleetStore(b, servers, bans, now)
			r := &Reporter{Store: s, Words: words, Theme: charts.Light(), Judge: &Judge{Store: s, Words: words}}
			for _, kind := range []string{"country", "source", "strict"} {
				b.Run(fmt.Sprintf("%s/%d/%d", kind, bans, servers), func(b *testing.B) {
					for b.Loop() {
						rep, err := r.Report(b.Context(), kind, "30d", now)
						if err != nil {
							b.Fatal(err)
						}
						r.Caption(rep)
						if _, err := r.Picture(rep).PNG(); err != nil && len(rep.Rows) > 1 {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// A look of the health checks at a fleet that is well: it is taken every 20 seconds.
func BenchmarkFleetHealth(b *testing.B) {
	for _, servers := range []int{1, 5000} {
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			now := time.Now()
			s, words := fleetStore(b, servers, 100_000, now)
			h := &Health{Store: s, Words: words, Started: now.Add(-time.Hour), Next: func() {}}
			for n := range servers {
				h.Sources = append(h.Sources, Watched{Name: fmt.Sprintf("web%04d", n), SilentAfter: 24 * time.Hour})
			}
			if err := h.Step(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := h.Step(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
