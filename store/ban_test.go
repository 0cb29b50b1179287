package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func openBans(t testing.TB) *Store {
	t.Helper()
	empty, err := emptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "friendlyfire.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// emptyDatabase is a new database, made once: to run all migrations for each test takes most of its time.
var emptyDatabase = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "friendlyfire-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "friendlyfire.db")
	s, err := Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	// When it was created is for each test to say.
	if err := errors.Join(s.exec(context.Background(), "DELETE FROM meta WHERE key = 'store/born'"), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// ban returns a ban n seconds after noon. With an epoch it has a jail, too.
func ban(n int, epoch bool) Ban {
	b := Ban{
		Time: noon.Add(time.Duration(n) * time.Second), HasEpoch: epoch,
		Address: fmt.Sprintf("203.0.113.%d", n%256),
	}
	if epoch {
		b.Jail, b.Failures, b.BanTime, b.BanCount, b.Matches = "sshd", 5, -1, 2, "Failed password for root\nand again"
	}
	return b
}

func take(t *testing.T, s *Store, generation int64, bans ...Ban) (added int) {
	t.Helper()
	added, err := s.AddBans(t.Context(), Batch{
		Source: "web1", Cursor: Cursor{Generation: generation, Offset: 1}, Bans: bans, Lines: len(bans),
		ReadAt: noon, NewsSince: noon.Add(-time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func TestAddBansKeepsEverythingOfABan(t *testing.T) {
	s := openBans(t)
	want := ban(1, true)
	take(t, s, 0, want)
	got, err := s.Undecided(t.Context(), 0, 10)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	want.ID, want.Source, want.Time = got[0].ID, "web1", want.Time.Local()
	if got[0].Ban != want {
		t.Errorf("%+v, want %+v", got[0].Ban, want)
	}
}

func TestR17EpochAddressAndJailAreABansIdentity(t *testing.T) {
	s := openBans(t)
	other, later, elsewhere := ban(1, true), ban(1, true), ban(1, true)
	other.Jail, later.Time, elsewhere.Address = "recidive", noon.Add(9*time.Second), "evil.example.com"
	if n := take(t, s, 0, ban(1, true), other, later, elsewhere, ban(1, true)); n != 4 {
		t.Errorf("%d added, want 4", n)
	}
	for _, generation := range []int64{0, 1} {
		if n := take(t, s, generation, ban(1, true), other); n != 0 {
			t.Errorf("%d added in generation %d, want 0", n, generation)
		}
	}
	if n := take(t, s, 1, ban(1, false)); n != 1 { // a ban without an epoch does not duplicate one with it
		t.Errorf("%d added, want 1", n)
	}
}

// Duplicates without an epoch, in any division into batches, read again in another generation with more and with fewer.
func TestR19TwinsWithoutEpoch(t *testing.T) {
	s := openBans(t)
	if n := take(t, s, 0, ban(1, false), ban(1, false), ban(2, false)); n != 3 {
		t.Errorf("%d added, want 3", n)
	}
	if n := take(t, s, 0, ban(1, false)); n != 1 {
		t.Errorf("%d added, want the third twin", n)
	}
	if n := take(t, s, 1, ban(2, false), ban(1, false)); n != 0 {
		t.Errorf("%d added in the next generation, want 0", n)
	}
	if n := take(t, s, 1, ban(1, false), ban(1, false), ban(1, false), ban(2, false)); n != 2 {
		t.Errorf("%d added, want a fourth twin and a second of the other", n)
	}
	if n := take(t, s, 2, ban(1, false)); n != 0 {
		t.Errorf("%d added, want 0", n)
	}
	if n := take(t, s, 3, ban(1, false), ban(1, false), ban(1, false), ban(1, false)); n != 0 {
		t.Errorf("%d added, want 0", n)
	}
	another, err := s.AddBans(t.Context(), Batch{Source: "web2", Bans: []Ban{ban(1, false)}, ReadAt: noon})
	if err != nil || another != 1 {
		t.Errorf("%d added of another source, %v; want 1", another, err)
	}
}

// Ten thousand bans at once, many of them duplicates, have the same result as one by one.
func TestTwinsInLargeBatches(t *testing.T) {
	s := openBans(t)
	var bans []Ban
	for n := range 10_000 {
		bans = append(bans, ban(n*7%301, n%3 == 0))
	}
	distinct := map[Ban]bool{}
	want := 0
	for _, b := range bans {
		if !b.HasEpoch || !distinct[b] {
			want++
		}
		distinct[b] = true
	}
	if n := take(t, s, 0, bans...); n != want {
		t.Errorf("%d added, want %d", n, want)
	}
	if n := take(t, s, 1, bans[:5000]...) + take(t, s, 1, bans[5000:]...); n != 0 {
		t.Errorf("%d added by the next generation, want 0", n)
	}
}

// A ban that is too old when it is read is history, and so is one further ahead than maxClockSkew.
func TestR16WhatIsNews(t *testing.T) {
	s := openBans(t)
	for seconds, news := range map[int]bool{
		-3601: false, -3600: true, 0: true, 86400: true, 48 * 3600: true,
		48*3600 + 1: false,
	} {
		b := ban(seconds, true)
		take(t, s, 0, b)
		got, err := s.Undecided(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if found := len(got) == 1; found != news {
			t.Errorf("%d s from now: news %t, want %t", seconds, found, news)
		}
		if len(got) > 0 {
			if err := s.Record(t.Context(), Verdict{Decided: []int64{got[0].ID}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Bans, cursor and rejects are saved together or not at all: here on a disk that is full, and has space again later.
func TestR24FullDiskLosesNothing(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true))
	var pages int
	if err := s.w.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		if _, err := s.w.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	b := Batch{
		Source: "web1", Cursor: Cursor{Offset: 99, Line: 9, Columns: "IP_ADDRESS"}, Lines: 9, ReadAt: noon,
		Rejects: []Reject{{1, "bad"}},
	}
	for n := range 5000 {
		b.Bans = append(b.Bans, ban(n, true))
	}
	limit(pages + 2)
	if _, err := s.AddBans(t.Context(), b); err == nil || !strings.Contains(err.Error(), "full") {
		t.Fatalf("error %v, want a full disk", err)
	}
	if c, err := s.Cursor(t.Context(), "web1"); err != nil || c.Offset != 1 {
		t.Errorf("cursor %+v %v, want it where it was", c, err)
	}
	all, err := s.Sources(t.Context())
	if err != nil || all[0].Bans != 1 || all[0].Rejects != 0 || all[0].Lines != 1 {
		t.Errorf("%+v %v, want it as it was", all, err)
	}
	limit(1 << 30)
	if n, err := s.AddBans(t.Context(), b); err != nil || n != 4999 {
		t.Errorf("%d added, %v; want 4999", n, err)
	}
	if c, err := s.Cursor(t.Context(), "web1"); err != nil || c.Offset != 99 || c.Line != 9 ||
		c.Columns != "IP_ADDRESS" {
		t.Errorf("cursor %+v %v", c, err)
	}
	t.Attr("reached", "5000 bans on a full disk: the offset stays; "+
		"with room, 4999 new ones and the offset in one transaction")
}

func TestAddBansStopsWithItsContext(t *testing.T) {
	s := openBans(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.AddBans(ctx, Batch{Source: "web1", Bans: []Ban{ban(1, true)}}); err == nil {
		t.Error("no error")
	}
	if all, err := s.Sources(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%+v %v, want nothing", all, err)
	}
}

func TestShrinkWaitsForNobodyWhoReadsOn(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true), ban(2, true))
	conn, err := s.r.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shrink(t.Context()); err != nil { // while a connection is in use
		t.Error(err)
	}
	if total, err := s.Totals(t.Context(), Window{}); err != nil || total.Bans != 2 {
		t.Errorf("%+v, %v", total, err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Shrink(t.Context()); err != nil {
		t.Error(err)
	}
}

// The bans of a log of several hosts are kept under the name of each.
func TestBansOfSeveralHostsKeepTheirNames(t *testing.T) {
	s := openBans(t)
	at := time.Unix(1795773661, 0)
	b := Batch{Source: "relay", ReadAt: at, NewsSince: at, Cursor: Cursor{Offset: 1, Size: 1}, Bans: []Ban{
		{Source: "a", Time: at, Address: "192.0.2.1", Jail: "sshd"},
		{Source: "b", Time: at, Address: "192.0.2.2", Jail: "sshd"},
		{Source: "a", Time: at, Address: "192.0.2.3", Jail: "sshd"},
	}}
	if added, err := s.AddBans(t.Context(), b); added != 3 || err != nil {
		t.Fatal(added, err)
	}
	latest, err := s.LatestBans(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, ban := range latest {
		got[ban.Address] = ban.Source
	}
	if got["192.0.2.1"] != "a" || got["192.0.2.2"] != "b" || got["192.0.2.3"] != "a" {
		t.Errorf("%v", got)
	}
}
