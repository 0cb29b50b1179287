package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBanHoursAreThoseOfTheSource(t *testing.T) {
	s := empty(t)
	hour := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	for _, source := range []string{"web1", "web2"} {
		b := Batch{Source: source, Cursor: Cursor{Offset: 1, Size: 1}, ReadAt: hour, Lines: 3}
		for _, after := range []time.Duration{5 * time.Minute, -30 * time.Hour, 59 * time.Minute, 2 * time.Hour} {
			b.Bans = append(b.Bans, Ban{Time: hour.Add(after), HasEpoch: true, Address: "192.0.2.1", Jail: "sshd"})
		}
		if source == "web2" {
			b.Bans = b.Bans[:1]
		}
		if _, err := s.AddBans(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	at := func(after time.Duration) int64 { return hour.Add(after).Unix() }
	for _, tc := range []struct {
		source string
		window Window
		want   []BanHour
	}{
		{"web1", Window{}, []BanHour{{at(-30 * time.Hour), 1}, {at(0), 2}, {at(2 * time.Hour), 1}}},
		{"web1", Window{From: hour.Add(-24 * time.Hour), To: hour.Add(time.Hour)}, []BanHour{{at(0), 2}}},
		{"web2", Window{}, []BanHour{{at(0), 1}}},
		{"web3", Window{}, nil},
	} {
		got, err := s.BanHours(t.Context(), tc.source, tc.window)
		if err != nil || cmp.Diff(tc.want, got) != "" {
			t.Errorf("%s %v: %v, %v", tc.source, tc.window, err, cmp.Diff(tc.want, got))
		}
	}
}
