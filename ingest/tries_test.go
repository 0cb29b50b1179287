package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

// foundAt and banAt are lines of Fail2Ban's log, so many seconds after ten.
func foundAt(seconds int, address string) string {
	at := time.Date(2026, 11, 27, 10, 0, seconds, 0, time.UTC).Format(time.DateTime)
	return fmt.Sprintf("%s,120 fail2ban.filter         [900]: INFO    [sshd] Found %s - %[1]s", at, address)
}

func banAt(seconds int, address string) string {
	at := time.Date(2026, 11, 27, 10, 0, seconds, 0, time.UTC).Format(time.DateTime)
	return fmt.Sprintf("%s,120 fail2ban.actions        [900]: NOTICE  [sshd] Ban %s", at, address)
}

// told is what the latest ban of an address says of its failures.
func told(t *testing.T, s *store.Store, address string) string {
	t.Helper()
	bans, err := s.BansOf(t.Context(), address, 1)
	if err != nil || len(bans) == 0 {
		t.Fatalf("no ban of %s: %v", address, err)
	}
	return fmt.Sprintf("%d: %s", bans[0].Failures, bans[0].Pace)
}

// Promise: the ban of a log tells its failures and their pace.
func TestABanOfALogTellsItsFailures(t *testing.T) {
	const who = "192.0.2.1"
	setup := func(findTime int) []string {
		var lines []string
		for _, text := range []string{
			"jail            [900]: INFO    Creating new jail 'sshd'",
			"filter          [900]: INFO      maxRetry: 5",
			fmt.Sprint("filter          [900]: INFO      findtime: ", findTime),
			"jail            [900]: INFO    Jail 'sshd' started",
		} {
			lines = append(lines, "2026-11-27 09:00:00,001 fail2ban."+text)
		}
		return lines
	}
	const bad = "2026-11-27 10:00:05,101 fail2ban.observer      [900]: INFO [sshd] Found 192.0.2.1, bad - " +
		"2026-11-27 10:00:05, 1 # -> 2"
	var many []string
	for i := range 20 {
		many = append(many, foundAt(10*i, who))
	}
	for name, test := range map[string]struct {
		lines []string
		want  string
	}{
		"five": {[]string{
			foundAt(0, who), foundAt(30, who), foundAt(60, who), foundAt(60, "192.0.2.2"), foundAt(125, who),
			foundAt(130, who), banAt(131, who),
		}, "5: 130 30 30 65 5"},
		"one":      {[]string{foundAt(0, who), banAt(1, who)}, "1: "},
		"by hand":  {[]string{banAt(1, who)}, "0: "},
		"long ago": {[]string{foundAt(0, who), foundAt(1, who), banAt(900, who)}, "0: "},
		"those before count no more": {
			[]string{foundAt(0, who), foundAt(700, who), foundAt(710, who), banAt(711, who)}, "2: 10 10",
		},
		"they count for long": {
			append(setup(3600), foundAt(0, who), foundAt(700, who), foundAt(3000, who), banAt(3001, who)),
			"3: 3000 700 2300",
		},
		"they count for a moment": {
			append(setup(5), foundAt(0, who), foundAt(5, who), foundAt(8, who), banAt(9, who)), "2: 3 3",
		},
		"counted twice by Fail2Ban": {[]string{foundAt(0, who), foundAt(5, who), bad, banAt(5, who)}, "2: 5 5"},
		"banned before": {
			[]string{foundAt(0, who), foundAt(1, who), banAt(1, who), foundAt(60, who), foundAt(64, who), banAt(65, who)},
			"2: 4 4",
		},
		"Fail2Ban starts": {
			[]string{
				foundAt(0, who), "2026-11-27 10:00:02,001 fail2ban.server [955]: INFO Starting Fail2ban v1.0.2",
				foundAt(3, who), foundAt(4, who), banAt(5, who),
			}, "2: 1 1",
		},
		"without a time, as before 0.10": {
			[]string{
				"2026-11-27 10:00:00,120 fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.1",
				"2026-11-27 10:00:20,120 fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.1", banAt(21, who),
			}, "2: 20 20",
		},
		"another jail's": {
			[]string{strings.Replace(foundAt(0, who), "[sshd]", "[dovecot]", 1), foundAt(1, who), banAt(2, who)}, "1: ",
		},
		"written late": { // Fail2Ban was down: the times are those of the service
			[]string{
				"2026-11-27 10:00:00,120 fail2ban.filter [900]: INFO [sshd] Found 192.0.2.1 - 2026-11-27 09:55:00",
				"2026-11-27 10:00:00,120 fail2ban.filter [900]: INFO [sshd] Found 192.0.2.1 - 2026-11-27 09:56:40", banAt(0, who),
			}, "2: 100 100",
		},
		"many": {append(many, banAt(191, who)), "20: 190" + strings.Repeat(" 10", keptGaps)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, read := logReader(t)
			read(test.lines...)
			if got := told(t, r.Store, who); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Promise: wherever the program stops between a failure and the ban, the ban tells its failures; and the line of a ban
// that is read again is the same ban.
func TestFailuresOutliveARestart(t *testing.T) {
	var lines []string
	for i := range 5 {
		lines = append(lines, foundAt(10*i, "192.0.2.1"))
	}
	lines = append(lines, banAt(41, "192.0.2.1"), foundAt(60, "192.0.2.1"), foundAt(61, "192.0.2.1"))
	for stop := range lines {
		r, read := logReader(t)
		read(lines[:stop]...)
		again := *r
		again.log, again.finished = nil, nil
		*r = again
		read(lines[stop:]...)
		if got := told(t, r.Store, "192.0.2.1"); got != "5: 40 10 10 10 10" {
			t.Errorf("stopped after %d lines: %q", stop, got)
		}
		local, ok := r.Source.(Local)
		if !ok {
			t.Fatal("another source")
		}
		if err := os.WriteFile(local.Path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r.finished = nil
		read()
		if bans, err := r.Store.BansOf(t.Context(), "192.0.2.1", 5); err != nil || len(bans) != 1 {
			t.Errorf("stopped after %d lines: %d bans of one line, %v", stop, len(bans), err)
		}
	}
}

// How long failures count is known after a start as well, however long ago the log has said so.
func TestFindTimeOutlivesARestart(t *testing.T) {
	r, read := logReader(t)
	read("2026-11-27 08:00:00,001 fail2ban.jail [900]: INFO    Creating new jail 'sshd'",
		"2026-11-27 08:00:00,001 fail2ban.filter [900]: INFO      findtime: 3600",
		strings.Repeat("2026-11-27 09:00:00,001 fail2ban.server [900]: INFO a line among others\n", recalled/60))
	r.log = nil
	read(foundAt(0, "192.0.2.1"), foundAt(700, "192.0.2.1"), banAt(701, "192.0.2.1"))
	if got, want := told(t, r.Store, "192.0.2.1"), "2: 700 700"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Failures before a rotation count, whether the program runs meanwhile or not, as far as the new file has the ban.
func TestFailuresOutliveARotation(t *testing.T) {
	r, read := logReader(t)
	local, ok := r.Source.(Local)
	if !ok {
		t.Fatal("another source")
	}
	path := local.Path
	read(strings.Repeat("2026-11-27 09:59:00,001 fail2ban.server [955]: INFO a line among others\n", 9)+
		foundAt(0, "192.0.2.1"), foundAt(7, "192.0.2.1"))
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(append(old, foundAt(8, "192.0.2.1")+"\n"...))
	if err := errors.Join(err, z.Close(), os.WriteFile(path+".1.gz", packed.Bytes(), 0o600), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	r.log = nil // a restart meanwhile
	read(foundAt(20, "192.0.2.1"), banAt(21, "192.0.2.1"))
	if got, want := told(t, r.Store, "192.0.2.1"), "4: 20 7 1 12"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a flood of addresses takes is bounded, and those that fail again are not forgotten.
func TestRememberedFailuresAreBounded(t *testing.T) {
	var s tries
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	for i := range 10 * mostRuns {
		s.found(nil, []byte("sshd"), fmt.Append(nil, "192.0.2.", i), at)
		if i%1000 == 0 {
			s.found(nil, []byte("sshd"), []byte("198.51.100.7"), at)
		}
		if len(s.now) > mostRuns || len(s.older) > mostRuns+1 {
			t.Fatalf("%d and %d addresses are remembered", len(s.now), len(s.older))
		}
	}
	var b store.Ban
	b.Time = at
	s.banned(nil, []byte("sshd"), []byte("198.51.100.7"), &b)
	if want := 10 * mostRuns / 1000; b.Failures < want {
		t.Errorf("%d failures, want %d", b.Failures, want)
	}
}

// BenchmarkFound is the cost of lines on failures of many addresses.
func BenchmarkFound(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var lines [][]byte
	for i := range 50_000 {
		lines = append(lines, []byte(foundAt(i/10, fmt.Sprintf("192.0.%d.%d", r.IntN(100), r.IntN(250)))))
	}
	p := newParser("log", file{zone: time.UTC, first: lines[0]})
	b.SetBytes(int64(len(lines[0]) + 1))
	for i := 0; b.Loop(); i++ {
		_, _, _ = p.parse(lines[i%len(lines)])
	}
}
