package msg

import (
	"testing"
	"time"
)

// One form of dates: the year stands where the day of the week says nothing, and a clock does without a day of today.
func TestDatesHaveOneForm(t *testing.T) {
	now := time.Date(2026, 11, 28, 15, 4, 56, 0, time.UTC)
	for name, test := range map[string]struct {
		at           time.Time
		stamp, clock string
	}{
		"today":          {now.Add(-6 * time.Hour), "Sat 28 Nov 09:04", "09:04"},
		"tomorrow":       {now.Add(24 * time.Hour), "Sun 29 Nov 15:04", "Sun 29 Nov 15:04"},
		"in spring":      {now.AddDate(0, -7, 0), "Tue 28 Apr 15:04", "Tue 28 Apr 15:04"},
		"the year past":  {now.AddDate(-1, 0, 0), "28 Nov 2025 15:04", "28 Nov 2025"},
		"a year to come": {now.AddDate(1, 0, 0), "28 Nov 2027 15:04", "28 Nov 2027"},
	} {
		if got := Stamp(test.at, now); got != test.stamp {
			t.Errorf("%s: the stamp is %q, want %q", name, got, test.stamp)
		}
		if got := Clock(test.at, now); got != test.clock {
			t.Errorf("%s: the clock is %q, want %q", name, got, test.clock)
		}
	}
}
