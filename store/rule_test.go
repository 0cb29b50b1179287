package store

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRulesAreKeptWhereTheyChange(t *testing.T) {
	s := openBans(t)
	day := func(n int) time.Time { return time.Date(2026, 11, n, 10, 0, 0, 0, time.UTC) }
	offset := int64(0)
	read := func(source string, rules ...Rule) {
		t.Helper()
		offset++
		_, err := s.AddBans(t.Context(), Batch{
			Source: source, Cursor: Cursor{Offset: offset, Size: offset}, Rules: rules, ReadAt: day(28),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rule := func(n int, value int64) Rule { return Rule{"", "sshd", MaxRetry, value, day(n)} }
	changes := func(w Window) string {
		t.Helper()
		all, err := s.LastChanges(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, c := range all {
			words = append(words, fmt.Sprint(c.Source, " ", c.Before, "→", c.Value, " on ", c.At.UTC().Day()))
		}
		return strings.Join(words, ", ")
	}
	for range 2 { // the same lines again say nothing new
		read("web1", rule(10, 5), rule(11, 5), rule(12, 3), rule(20, 3))
	}
	if got := changes(Window{}); got != "web1 5→3 on 12" {
		t.Error(got)
	}
	read("web1", rule(8, 6), rule(9, 5)) // older lines, read later
	read("web2", Rule{"", "sshd", FindTime, 600, day(10)})
	if got := changes(Window{}); got != "web1 5→3 on 12" {
		t.Error(got)
	}
	read("web1", rule(25, 5))
	for want, w := range map[string]Window{
		"web1 3→5 on 25": {From: day(20)},
		"web1 5→3 on 12": {From: day(10), To: day(25)},
		"web1 6→5 on 9":  {To: day(12)},
		"":               {From: day(26)},
	} {
		if got := changes(w); got != want {
			t.Errorf("%v: %q, want %q", w, got, want)
		}
	}
	if renamed, err := s.RenameSource(t.Context(), "web1", "mail1"); err != nil || !renamed {
		t.Fatal(renamed, err)
	}
	rules, err := s.Rules(t.Context(), "mail1")
	if err != nil || len(rules) != 1 || rules[0].Value != 5 || !rules[0].At.Equal(day(25)) {
		t.Errorf("%+v, %v", rules, err)
	}
}
