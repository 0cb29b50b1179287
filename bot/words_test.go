package bot

import (
	"testing"
	"time"

	"friendlyfire/store"
)

func TestPeriodOfOneDayNamesItOnce(t *testing.T) {
	w := Words{Zone: time.UTC}
	to := time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC)
	for from, want := range map[time.Time]string{
		to.Add(-time.Minute):    "Mon 23 Nov 2026 (UTC)",
		to.Add(-24 * time.Hour): "Sun 22 Nov to Mon 23 Nov 2026 (UTC)",
		{}:                      "No bans yet",
	} {
		if got := w.periodIn("all", store.Window{From: from, To: to}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
