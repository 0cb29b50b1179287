package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The ends of bans are found by indexes, however many bans there are.
func TestEndsOfBansAreFoundWithoutReadingAllBans(t *testing.T) {
	s := openBans(t)
	for name, c := range map[string]struct{ query, want string }{
		"open bans": {
			fmt.Sprintf(openByHolder, "(1,2,3,4)"),
			"USING COVERING INDEX bans_open (source_id=? AND jail_id=? AND address_id=? AND time>?)",
		},
		"ended bans": {
			fmt.Sprintf(latestInPeriod, "(1,2,3,4,5,6,7)"), "USING INDEX bans_address (period=? AND address_id=?)",
		},
		"changes": {fmt.Sprintf(setTerms, "(1,2,3)"), "SEARCH bans USING INTEGER PRIMARY KEY (rowid=?)"},
	} {
		plan := fmt.Sprint(query(t, s.w, "EXPLAIN QUERY PLAN "+c.query))
		if !strings.Contains(plan, c.want) || strings.Contains(plan, "SCAN b") {
			t.Errorf("%s: %s, want %s", name, plan, c.want)
		}
	}
}

// heldAt returns the bans in force at the moment.
func heldAt(t *testing.T, s *Store, at time.Time) (all []string) {
	t.Helper()
	err := s.ActiveBans(t.Context(), []time.Time{at}, func(b ActiveBan) {
		until := "?"
		if !b.Until.IsZero() {
			until = fmt.Sprint(b.Until.Sub(noon))
		}
		all = append(all, fmt.Sprint(b.Jail, " ", b.From.Sub(noon), " ", until))
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A log that several servers write into has ends for each: one that never tells of any stays unknown.
func TestOnlyTheServerThatTellsOfEndsIsKnown(t *testing.T) {
	s := openBans(t)
	var bans []Ban
	for i, server := range []string{"db", "web"} {
		b := ban(i+1, false)
		b.Source = server
		bans = append(bans, b)
	}
	batch := Batch{Source: "relay", Open: true, ReadAt: noon, NewsSince: noon, Bans: bans, Ends: []End{
		{Kind: Lifted, After: 2, Source: "db", Jail: "sshd", Address: "203.0.113.200", At: noon.Add(time.Minute)},
	}}
	if _, err := s.AddBans(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if got := heldAt(t, s, noon.Add(time.Hour)); !slices.Equal(got, []string{" 1s ?"}) {
		t.Errorf("got %v, want that of the server that tells", got)
	}
	if n, err := s.Endless(t.Context(), Window{}); n != 1 || err != nil {
		t.Errorf("%d unknown, %v, want that of the server that does not", n, err)
	}
}

// Where lines are missing, nobody knows whether the bans before are over; but a later line that ends one is believed.
func TestBansBeforeAGapAreUnknown(t *testing.T) {
	s := openBans(t)
	add := func(b Batch) {
		t.Helper()
		b.Source, b.Open, b.ReadAt, b.NewsSince = "web1", true, noon, noon
		if _, err := s.AddBans(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	unban := func(n, after int) End {
		b := ban(n, false)
		return End{Kind: Lifted, After: after, Jail: b.Jail, Address: b.Address, At: noon.Add(time.Minute)}
	}
	one, two, three := ban(1, false), ban(2, false), ban(3, false)
	add(Batch{Bans: []Ban{one, two, three}, Ends: []End{unban(1, 3)}})
	if got := heldAt(t, s, noon.Add(time.Hour)); len(got) != 2 {
		t.Errorf("before the gap: %v", got)
	}
	add(Batch{Gaps: []string{"lost"}})
	if n, err := s.Endless(t.Context(), Window{}); n != 2 || err != nil || len(heldAt(t, s, noon.Add(time.Hour))) > 0 {
		t.Errorf("after the gap %d are unknown, %v, want 2", n, err)
	}
	add(Batch{Ends: []End{unban(2, 0)}})
	if n, err := s.Endless(t.Context(), Window{}); n != 1 || err != nil {
		t.Errorf("after an end %d are unknown, %v, want 1", n, err)
	}
	if jails, err := s.EndlessJails(t.Context()); len(jails) > 0 || err != nil {
		t.Errorf("unknown jails: %v, %v", jails, err)
	}
}
