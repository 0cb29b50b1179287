package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// askFor keeps an act that is confirmed, and returns it.
func askFor(t *testing.T, s *Store, a Act) Act {
	t.Helper()
	a.Token, a.User, a.AskedAt = a.Verb+a.Address, "7", time.Now()
	err := s.AskActs(t.Context(), a)
	n, err2 := s.ConfirmActs(t.Context(), a.Token, a.Chat, "7", time.Now())
	all, err3 := s.ActsByToken(t.Context(), a.Token)
	if err := errors.Join(err, err2, err3); err != nil || n != 1 || len(all) != 1 {
		t.Fatal(n, all, err)
	}
	return all[0]
}

// endWith tries the act and keeps its outcome.
func endWith(t *testing.T, s *Store, a Act, outcome ActOutcome) {
	t.Helper()
	if claimed, err := s.TryAct(t.Context(), a.ID, time.Now()); err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	a.Outcome, a.Answer, a.DoneAt = outcome, "said of "+a.Address, time.Now()
	if err := s.EndAct(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func TestActsGoWithTheirAddress(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), filepath.Join(dir, "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const old, kept = "203.0.113.77", "198.51.100.7"
	now := time.Now()
	_, err = s.AddBans(t.Context(), Batch{
		Source: "web1", Cursor: Cursor{Offset: 1}, ReadAt: now, NewsSince: now, Bans: []Ban{
			{Time: now.AddDate(0, 0, -100), HasEpoch: true, Address: old, Jail: "sshd"},
			{Time: now, HasEpoch: true, Address: kept, Jail: "sshd"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{old, kept} {
		bans, err := s.BansOf(t.Context(), address, 1)
		if err != nil {
			t.Fatal(err)
		}
		unban := Act{Verb: "unban", Source: "web1", Jail: "sshd", Address: address, Ban: bans[0].ID}
		endWith(t, s, askFor(t, s, unban), ActDone)
		if err := s.SetMark(t.Context(), bans[0].ID, &Mark{Attacker: true, Name: "Ann", At: now}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Purge(t.Context(), now.AddDate(0, 0, -50)); err != nil {
		t.Fatal(err)
	}
	acts, err := s.LatestActs(t.Context(), 10)
	if err != nil || len(acts) != 1 || acts[0].Address != kept {
		t.Errorf("acts %v, %v", acts, err)
	}
	if marks, err := s.MarksByJail(t.Context(), Window{}); err != nil || marks["sshd"].Attackers != 1 {
		t.Errorf("marks %v, %v", marks, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte(old)) {
			t.Errorf("%s, %v: the address is still in it", file, err)
		}
	}
}

func TestTrustedIsWhatIsNotOverOrTakenBack(t *testing.T) {
	s := openBans(t)
	trust := func(address string, long time.Duration, outcome ActOutcome) {
		a := askFor(t, s, Act{Verb: "trust", Source: "web1", Address: address, For: long})
		endWith(t, s, a, outcome)
	}
	trust("203.0.113.1", time.Hour, ActDone)
	trust("203.0.113.2", time.Hour, ActRefused)
	trust("203.0.113.3", time.Hour, ActUnclear)
	trust("203.0.113.4", time.Hour, ActDone)
	endWith(t, s, askFor(t, s, Act{Verb: "untrust", Source: "web1", Address: "203.0.113.4"}), ActDone)
	trust("203.0.113.5", time.Minute, ActDone)
	for after, want := range map[time.Duration][]string{
		0:                {"203.0.113.5", "203.0.113.3", "203.0.113.1"},
		30 * time.Minute: {"203.0.113.3", "203.0.113.1"},
		2 * time.Hour:    nil,
	} {
		all, err := s.Trusted(t.Context(), time.Now().Add(after))
		var got []string
		for _, a := range all {
			got = append(got, a.Address)
		}
		if err != nil || len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("after %v: %v, %v, want %v", after, got, err, want)
		}
	}
}

// A question that is answered by yes and by no at once has one answer.
func TestAQuestionIsConfirmedOrDropped(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 100 {
		a := Act{Token: fmt.Sprint("q", i), Verb: "untrust", Source: "web1", Address: "203.0.113.7", User: "7", AskedAt: time.Now()}
		if err := s.AskActs(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		var confirmed int64
		var dropped []Act
		var both sync.WaitGroup
		both.Go(func() { confirmed, _ = s.ConfirmActs(t.Context(), a.Token, a.Chat, a.User, time.Now()) })
		both.Go(func() { dropped, _ = s.DropActs(t.Context(), a.Token, a.Chat, a.User) })
		both.Wait()
		if confirmed == 1 && len(dropped) == 1 || confirmed == 0 && len(dropped) == 0 {
			t.Fatalf("question %d: confirmed %d, dropped %d", i, confirmed, len(dropped))
		}
	}
}
