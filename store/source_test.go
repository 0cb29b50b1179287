package store

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestCursorComesBackAsItWas(t *testing.T) {
	s := openBans(t)
	if c, err := s.Cursor(t.Context(), "web1"); err != nil || !reflect.DeepEqual(c, Cursor{}) {
		t.Errorf("%+v %v, want none", c, err)
	}
	want := Cursor{
		Generation: 2, Head: []byte{1, 2}, Tail: []byte{3}, Offset: 77, Size: 99, Modified: 1795356309123456789,
		Line: 8, Skipping: true,
		Columns: "DATE,TIME,IP_ADDRESS", LastTime: time.Unix(1795356309, 0),
	}
	if _, err := s.AddBans(t.Context(), Batch{Source: "web1", Cursor: want, ReadAt: noon}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Cursor(t.Context(), "web1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v, want %+v", got, err, want)
	}
}

func TestSourcesTellHowTheyDo(t *testing.T) {
	s := openBans(t)
	batch := func(source string, lines int, rejects ...Reject) {
		b := Batch{
			Source: source, Lines: lines, ReadAt: noon.Add(time.Duration(lines) * time.Minute),
			Rejects: rejects, Bans: []Ban{ban(3, true), ban(2, true)},
		}
		if _, err := s.AddBans(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	batch("web2", 7)
	batch("web1", 5, Reject{2, "too few fields"}, Reject{3, "no address"})
	batch("web1", 6, Reject{9, "no address"})
	b := Batch{Source: "web1", Gaps: []string{"damaged", "damaged"}, ReadAt: noon.Add(time.Hour)} // no line
	if _, err := s.AddBans(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all, err := s.Sources(t.Context())
	if err != nil || len(all) != 2 || all[1].Name != "web2" || all[1].Kinds != nil {
		t.Fatalf("%+v %v", all, err)
	}
	got := all[0]
	if got.Name != "web1" || got.Lines != 11 || got.Bans != 2 || got.Rejects != 3 || got.Gaps != 2 ||
		!got.LastBanAt.Equal(ban(3, true).Time) || !got.LastLineAt.Equal(noon.Add(6*time.Minute)) {
		t.Errorf("%+v", got)
	}
	if want := "map[no address:2 too few fields:1]"; fmt.Sprint(got.Kinds) != want {
		t.Errorf("kinds %v, want %s", got.Kinds, want)
	}
	var lines []int64
	for _, r := range got.Sample {
		lines = append(lines, r.Line)
	}
	if fmt.Sprint(lines) != "[9 3 2]" {
		t.Errorf("sample of lines %v, want the latest first", lines)
	}
}

func TestSourceFailedKeepsTheFirstMoment(t *testing.T) {
	s := openBans(t)
	for n, c := range []struct {
		reason string
		since  time.Time
	}{
		{"gone", noon},
		{"gone", noon},
		{"refused", noon},
		{"", time.Time{}},
		{"", time.Time{}},
		{"gone", noon.Add(5 * time.Hour)},
	} {
		if err := s.SourceFailed(t.Context(), "web1", c.reason, noon.Add(time.Duration(n)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		all, err := s.Sources(t.Context())
		if err != nil || len(all) != 1 || all[0].Error != c.reason || !all[0].FailingSince.Equal(c.since) {
			t.Errorf("%d: %+v %v, want %q since %v", n, all, err, c.reason, c.since)
		}
	}
}
