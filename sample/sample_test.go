package sample

import (
	"bytes"
	"testing"
	"time"
)

func TestSampleEndsInTheDayBeforeNow(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), time.Date(2029, 3, 1, 8, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), // a clock that is behind
	} {
		was, is := bytes.Split(Bans, []byte("\n")), bytes.Split(Moved(now), []byte("\n"))
		if len(is) != len(was) {
			t.Fatalf("%d lines, want %d", len(is), len(was))
		}
		first, _ := epoch(was[1])
		moved, _ := epoch(is[1])
		for i := range was {
			before, ok := epoch(was[i])
			after, stays := epoch(is[i])
			if ok != stays || after-before != moved-first && ok || len(is[i]) != len(was[i]) {
				t.Fatalf("%v: %q became %q", now, was[i], is[i])
			}
		}
		last, _ := epoch(is[len(is)-2])
		if age := now.Sub(time.Unix(last, 0)); age >= 24*time.Hour || age < 0 && now.After(time.Unix(first, 0)) && moved >= first {
			t.Errorf("%v: the last ban is %v old: %s", now, age, is[len(is)-2])
		}
		if at, _ := time.Parse(time.DateOnly, string(is[1][:10])); at.Unix()/86400 != moved/86400 {
			t.Errorf("DATE and EPOCH differ: %s", is[1])
		}
	}
}
