package charts

import (
	"strings"
	"testing"
	"time"
)

func TestTicksFollowTheClockOnTheWall(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, zone)
	}
	for name, test := range map[string]struct {
		from, to time.Time
		least    time.Duration
		want     string
	}{
		"clocks go forward": {
			at(time.March, 29, 0), at(time.March, 29, 6), time.Hour,
			"Sun 29 Mar, 1:00, 3:00, 4:00, 5:00",
		},
		"clocks go back": {
			at(time.October, 25, 0), at(time.October, 25, 5), time.Hour,
			"Sun 25 Oct, 1:00, 2:00, 3:00, 4:00",
		},
		"days around the change": {
			at(time.October, 24, 0), at(time.October, 27, 0), 24 * time.Hour,
			"Sat 24 Oct, Sun 25 Oct, Mon 26 Oct",
		},
		"weeks begin on Monday": {
			at(time.October, 14, 0), at(time.November, 13, 0), 24 * time.Hour,
			"Mon 12 Oct, Mon 19 Oct, Mon 26 Oct, Mon 2 Nov, Mon 9 Nov",
		},
		"months": {
			at(time.September, 14, 0), at(time.September, 14, 0).AddDate(0, 6, 0), 24 * time.Hour,
			"Sep 2026, Oct, Nov, Dec, Jan 2027, Feb, Mar",
		},
		"years": {
			at(time.September, 14, 0), at(time.September, 14, 0).AddDate(9, 0, 0), 24 * time.Hour,
			"2026, 2027, 2028, 2029, 2030, 2031, 2032, 2033, 2034, 2035",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var labels []string
			var last time.Time
			for _, tick := range ticks(test.from, test.to, test.least, 1100) {
				labels = append(labels, tick.label)
				if !tick.at.After(last) {
					t.Errorf("%v comes after %v", tick.at, last)
				}
				last = tick.at
			}
			if got := strings.Join(labels, ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestDaysOfOtherLengthsAreDrawnAsLongAsTheyAre(t *testing.T) {
	c := someTimes(t, 1, 8, days) // 20 to 27 October: the sixth day has 25 hours
	l := c.layers(Light())
	p := newPlot(l, 150, 600)
	wide := func(i int) int { return p.x(l.edges[i+1]) - p.x(l.edges[i]) }
	if ratio := float64(wide(5)) / float64(wide(2)); ratio < 1.03 || ratio > 1.05 {
		t.Errorf("the day of 25 hours is %d pixels wide, one of 24 %d", wide(5), wide(2))
	}
}
