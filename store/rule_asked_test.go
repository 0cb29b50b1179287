package store

import (
	"fmt"
	"testing"
	"time"
)

// What is asked for joins what the log says: a value that differs is a change, where it is known on which day it came.
func TestRulesThatWereAskedForAreKeptWithTheirTimes(t *testing.T) {
	s := openBans(t)
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
	asked := func(at time.Time, retry, find, ban int64) {
		t.Helper()
		err := s.AskedRules(t.Context(), "web1", []Rule{
			{Jail: "sshd", Setting: MaxRetry, Value: retry},
			{Jail: "sshd", Setting: FindTime, Value: find},
			{Jail: "sshd", Setting: BanTime, Value: ban},
		}, at)
		if err != nil {
			t.Fatal(err)
		}
	}
	kept := func() (text string) {
		t.Helper()
		all, err := s.RulesOverTime(t.Context(), "web1")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all["sshd"] {
			text += fmt.Sprintf("%s %d on %d; ", r.Setting, r.Value, r.At.UTC().Day())
		}
		return text
	}
	_, err := s.AddBans(t.Context(), Batch{
		Source: "web1", Cursor: Cursor{Offset: 1, Size: 1}, ReadAt: at(1, 1),
		Rules: []Rule{{"", "sshd", MaxRetry, 6, at(1, 1)}, {"", "sshd", FindTime, 900, at(1, 1)}, {"", "sshd", MaxRetry, 9, at(28, 1)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	asked(at(10, 8), 5, 900, -1) // for the first time: since when it is 5 is not known, and 9 was dated ahead
	const first = "findtime 900 on 1; bantime -1 on 10; maxretry 5 on 10; "
	if got := kept(); got != first {
		t.Errorf("%q, want %q", got, first)
	}
	for hour := range 10 {
		asked(at(11, 2*hour), 5, 900, -1)
	}
	asked(at(12, 8), 3, 900, -1)
	if got := kept(); got != first+"maxretry 3 on 12; " {
		t.Error(got)
	}
	if c, err := s.LastChanges(t.Context(), Window{}); err != nil || len(c) != 1 || c[0].Before != 5 || c[0].Value != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := s.RenameSource(t.Context(), "web1", "web2"); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Value(t.Context(), askedKey+"web2"); err != nil || v == "" {
		t.Errorf("%q, %v: a rename forgets when it was asked", v, err)
	}
	if _, err := s.RenameSource(t.Context(), "web2", "web1"); err != nil {
		t.Fatal(err)
	}
	asked(at(25, 8), 4, 900, -1) // after two weeks in which nobody asked
	if c, err := s.LastChanges(t.Context(), Window{}); err != nil || len(c) != 0 {
		t.Errorf("%+v, %v: a change of which nobody knows the day", c, err)
	}
}
