package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestHoldsAreTheBansInForceAtAnyMomentOfTheWindow(t *testing.T) {
	s := openBans(t)
	lasting := func(n int, seconds int64) Ban {
		b := ban(n, true)
		b.BanTime = seconds
		return b
	}
	take(t, s, 0, lasting(1, 9), lasting(2, 10), lasting(3, -1), lasting(4, 0), lasting(15, 1<<62), lasting(20, 60))
	var moments []time.Time
	for i := range 10 {
		moments = append(moments, noon.Add(time.Duration(10+i)*time.Second))
	}
	var got []string
	err := s.ActiveBans(t.Context(), moments, func(h ActiveBan) {
		until := "for ever"
		if h.Until.Sub(noon) > 1e6*time.Hour {
			until = "for ages"
		} else if !h.Until.IsZero() {
			until = fmt.Sprint(h.Until.Sub(noon))
		}
		got = append(got, fmt.Sprint(h.Jail, " ", h.From.Sub(noon), " ", until))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"sshd 2s 12s", "sshd 3s for ever", "sshd 15s for ages"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n, err := s.Endless(t.Context(), Window{To: noon.Add(5 * time.Second)}); n != 1 || err != nil {
		t.Errorf("%d without a ban time, %v, want 1", n, err)
	}
}

func TestHoldsTellOfErrors(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true), ban(2, true))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.ActiveBans(ctx, []time.Time{noon.Add(2 * time.Second)},
		func(ActiveBan) { t.Error("a ban in spite of the end") })
	if err == nil {
		t.Error("no error")
	}
}
