package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A server whose bans are in the file of another source is known with its newest ban, however often the file is read; a
// source of its own is not among them. The hours of the relay are those of all its servers.
func TestServersOfARelayAreKnown(t *testing.T) {
	s := openBans(t)
	ban := func(source string, at time.Time) Ban {
		return Ban{Source: source, Time: at, Address: "203.0.113.7", Jail: "sshd"}
	}
	batch := Batch{
		Source: "relay", ReadAt: noon, NewsSince: noon,
		Bans: []Ban{ban("db1", noon.Add(-3*time.Hour)), ban("db2", noon), ban("", noon.Add(-time.Hour)), ban("db1", noon.Add(-2*time.Hour))},
	}
	for generation := range int64(2) {
		batch.Cursor = Cursor{Generation: generation}
		again := batch
		again.Bans = append([]Ban(nil), batch.Bans...)
		if _, err := s.AddBans(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddBans(t.Context(), Batch{Source: "web1", Bans: []Ban{ban("", noon)}, ReadAt: noon}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Relayed(t.Context(), noon.Add(-24*time.Hour))
		want := []SourceStatus{
			{Name: "db1", Relay: "relay", Bans: 2, LastBanAt: noon.Add(-2 * time.Hour).Local()},
			{Name: "db2", Relay: "relay", Bans: 1, LastBanAt: noon.Local()},
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	if got, err := s.Relayed(t.Context(), noon); err != nil || len(got) != 1 || got[0].Name != "db2" {
		t.Errorf("heard of since noon: %v, %v", got, err)
	}
	hour := func(back int64, bans int64) BanHour {
		return BanHour{floor(noon.Unix(), hourSeconds) - back*hourSeconds, bans}
	}
	got, err := s.BanHours(t.Context(), "relay", Window{})
	if diff := cmp.Diff([]BanHour{hour(3, 1), hour(2, 1), hour(1, 1), hour(0, 1)}, got); err != nil || diff != "" {
		t.Errorf("hours of the relay, %v (-want +got):\n%s", err, diff)
	}
	n, err := s.CountOn(t.Context(), "db1", Window{From: noon.Add(-150 * time.Minute)})
	if want := (Count{Bans: 1}); err != nil || n != want {
		t.Errorf("%+v, %v, want %+v", n, err, want)
	}
}
