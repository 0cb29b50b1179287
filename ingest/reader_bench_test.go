package ingest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/ingest/ingesttest"
	"friendlyfire/store"
)

// writeBans writes a CSV file with this many bans of a year.
func writeBans(tb testing.TB, path string, rows int, original bool) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := (ingesttest.Bans{
		Seed: 1, Rows: rows, End: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Original: original,
	}).WriteTo(f); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// A first import of a million rows, including the database.
func BenchmarkImport(b *testing.B) {
	const rows = 1_000_000
	for name, original := range map[string]bool{"original": true, "rich": false} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "bans.csv")
			writeBans(b, path, rows, original)
			for n := 0; b.Loop(); n++ {
				s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), fmt.Sprint(n, ".db")))
				if err != nil {
					b.Fatal(err)
				}
				r := Reader{
					Store: s, Name: "web1", Source: Local{path}, Format: "auto", Zone: time.UTC,
					MaxAge: time.Hour, Next: func() {},
				}
				if err := r.Step(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// A hundred new rows after a million known ones.
func BenchmarkAppend(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bans.csv")
	writeBans(b, path, 1_000_000, true)
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "friendlyfire.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := Reader{
		Store: s, Name: "web1", Source: Local{path}, Format: "auto", Zone: time.UTC, MaxAge: time.Hour,
		Next: func() {},
	}
	if err := r.Step(b.Context()); err != nil {
		b.Fatal(err)
	}
	for n := 0; b.Loop(); n += 100 {
		b.StopTimer()
		appendTo(b, path, rows(seedRow, n, n+100))
		b.StartTimer()
		if err := r.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// The cost of a line without the database: of a ban, and of lines that are none, of which a log is full.
func BenchmarkParse(b *testing.B) {
	for name, line := range map[string]string{
		"original": "2026-11-22,14:05:09,203.0.113.7",
		"rich":     "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,1795356309",
		"log":      "2026-11-22 14:05:09,123 fail2ban.actions        [12345]: NOTICE  [sshd] Ban 203.0.113.7",
		"syslog":   "Nov 22 14:05:09 web1 fail2ban.actions[12345]: NOTICE [sshd] Ban 203.0.113.7",
		"relay": "2026-11-22T14:05:09+00:00 web1 fail2ban-server[12]: fail2ban.actions [12]: NOTICE [sshd] " +
			"Ban 203.0.113.7",
		"json": `{"log":"2026-11-22 14:05:09,123 fail2ban.actions [1]: NOTICE [sshd] Ban 203.0.113.7\n",` +
			`"stream":"stdout"}`,
		"semicolons": "203.0.113.7;22.11.2026 14:05:09;sshd",
		"found": "2026-11-22 14:05:09,123 fail2ban.filter         [12345]: INFO    [sshd] Found 203.0.113.7 " +
			"- 2026-11-22 14:05:09",
		"unban":         "2026-11-22 14:05:09,123 fail2ban.actions        [12345]: NOTICE  [sshd] Unban 203.0.113.7",
		"other program": "Nov 22 14:05:09 web1 sshd[812]: Failed password for root from 203.0.113.7 port 22 ssh2",
	} {
		b.Run(name, func(b *testing.B) {
			text := []byte(line)
			p := newParser("auto", file{
				zone: time.UTC, first: append(text, '\n'),
				written: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
			})
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.parse(text); err != nil && !isOther(err) {
					b.Fatal(err)
				}
			}
		})
	}
}

// Lines of other programs, as in a system log, from the file to the cursor in the database.
func BenchmarkOtherPrograms(b *testing.B) {
	const lines = 10_000
	dir := b.TempDir()
	path := dir + "/syslog"
	text := strings.Repeat("Nov 22 14:05:09 web1 sshd[812]: Failed password for root from 203.0.113.7 port 22 ssh2\n",
		lines)
	s, err := store.Open(b.Context(), dir+"/friendlyfire.db")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := Reader{
		Store: s, Name: "web1", Source: Local{path}, Format: "auto", Zone: time.UTC, MaxAge: time.Hour,
		Next: func() {},
	}
	for b.Loop() {
		b.StopTimer()
		appendTo(b, path, text)
		b.StartTimer()
		if err := r.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
}

// writeLog writes a log of a million lines: bans, ten seconds apart, and their ends after so many others.
func writeLog(tb testing.TB, path string, later int) {
	tb.Helper()
	const bans = 500_000
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	line := func(at, n int, verb string) {
		x := uint32(n%100_000) * 2654435761
		fmt.Fprintf(&b, "%s,123 fail2ban.actions        [12345]: NOTICE  [%s] %s %d.%d.%d.%d\n",
			start.Add(time.Duration(at)*10*time.Second).Format(time.DateTime), [...]string{"sshd", "web"}[n%2], verb,
			x>>24, x>>16&255, x>>8&255, x&255)
	}
	for n := range bans + later {
		if n >= later {
			line(n, n-later, "Unban")
		}
		if n < bans {
			line(n, n, "Ban")
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// A first import of a log of a million lines, half of which end the bans of the other half.
func BenchmarkImportLog(b *testing.B) {
	for name, later := range map[string]int{"ten minutes": 60, "a day": 8640} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "fail2ban.log")
			writeLog(b, path, later)
			for n := 0; b.Loop(); n++ {
				s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), fmt.Sprint(n, ".db")))
				if err != nil {
					b.Fatal(err)
				}
				r := Reader{
					Store: s, Name: "web1", Source: Local{path}, Format: "log", Zone: time.UTC, MaxAge: time.Hour,
					Next: func() {},
				}
				if err := r.Step(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*1_000_000/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
