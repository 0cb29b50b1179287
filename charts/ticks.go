package charts

import (
	"strings"
	"time"
)

// tick is a labelled moment under a chart over time.
type tick struct {
	at    time.Time
	label string
}

// interval is a natural distance between ticks. Exactly one of its fields is set.
type interval struct{ minutes, days, months int }

// intervals are all intervals, shortest first.
var intervals = []interval{
	{minutes: 5},
	{minutes: 15},
	{minutes: 30},
	{minutes: 60},
	{minutes: 2 * 60},
	{minutes: 3 * 60},
	{minutes: 6 * 60},
	{minutes: 12 * 60},
	{days: 1},
	{days: 2},
	{days: 7},
	{days: 14},
	{months: 1},
	{months: 3},
	{months: 6},
	{months: 12},
	{months: 5 * 12},
	{months: 10 * 12},
	{months: 50 * 12},
	{months: 100 * 12},
	{months: 1000 * 12},
}

// minLength returns the length of the interval, at its shortest.
func (iv interval) minLength() time.Duration {
	return time.Duration(iv.minutes)*time.Minute + time.Duration(iv.days)*23*time.Hour +
		time.Duration(iv.months)*28*24*time.Hour
}

// labelWidth returns how many pixels a label takes, with the space beside it.
func (iv interval) labelWidth() int {
	switch {
	case iv.days > 0:
		return 160
	case iv.months > 0:
		return 100
	}
	return 100
}

// ticks returns the ticks between from and to, for an axis of this many pixels, in the time zone of from. Their
// interval is not shorter than least, the length of a bin.
func ticks(from, to time.Time, least time.Duration, pixels int) []tick {
	if from.Year() < 1 || to.Year() > 9999 {
		return nil
	}
	for _, iv := range intervals {
		if iv.days == 0 && iv.minLength() < least {
			continue
		}
		if float64(to.Sub(from))/float64(iv.minLength()) <= float64(pixels)/float64(iv.labelWidth()) {
			return iv.ticks(from, to)
		}
	}
	return nil
}

func (iv interval) ticks(from, to time.Time) (found []tick) {
	last := time.Time{}
	for i := 0; ; i++ {
		at := iv.nth(from, i)
		if i > 10_000 || !at.Before(to) {
			break
		}
		// At a clock change, the hour that is skipped has no tick, and the one that is repeated has one.
		if !at.After(last) || iv.minutes > 0 && (at.Hour()*60+at.Minute())%iv.minutes != 0 {
			continue
		}
		last = at
		found = append(found, tick{at: at, label: iv.label(at, len(found) == 0)})
	}
	return found
}

// nth returns the i-th tick, counted from the last one that is not after from.
func (iv interval) nth(from time.Time, i int) time.Time {
	y, m, d := from.Date()
	zone := from.Location()
	switch {
	case iv.minutes > 0:
		first := (from.Hour()*60 + from.Minute()) / iv.minutes
		return time.Date(y, m, d, 0, (first+i)*iv.minutes, 0, 0, zone)
	case iv.days > 0:
		if iv.days >= 7 {
			d -= (int(from.Weekday()) + 6) % 7 // weeks begin on Monday
		}
		return time.Date(y, m, d+i*iv.days, 0, 0, 0, 0, zone)
	}
	month := (12*y + int(m) - 1) / iv.months * iv.months
	return time.Date(0, time.January+time.Month(month+i*iv.months), 1, 0, 0, 0, 0, zone)
}

func (iv interval) label(at time.Time, first bool) string {
	midnight := at.Hour() == 0 && at.Minute() == 0
	switch {
	case iv.months >= 12:
		return at.Format("2006")
	case iv.months > 0 && (at.Month() == time.January || first):
		return at.Format("Jan 2006")
	case iv.months > 0:
		return at.Format("Jan")
	case iv.days > 0 || midnight:
		return at.Format("Mon 2 Jan")
	}
	return clock(at)
}

// clock is a time of the day in 24 hours, without a leading zero: "8:00".
func clock(t time.Time) string { return strings.TrimPrefix(t.Format("15:04"), "0") }

// times draws the ticks: a mark where each begins, and its label to the right of that. A label that would overlap the
// previous one, or leave the picture, is left out.
func (p plot) times(s *sheet, from, to time.Time, least time.Duration) {
	p.timesAt(s, from, to, least, p.y1+30, left)
}

// timesAt is times with the labels at another height, to the right of the marks or in the middle beneath them.
func (p plot) timesAt(s *sheet, from, to time.Time, least time.Duration, y int, a align) {
	free := p.x0
	for _, t := range ticks(from, to, least, p.x1-p.x0) {
		x, width := p.x(t.at), textWidth(t.label, smallSize)
		at := x + 8
		if a == middle {
			at = max(x+1-width/2, p.x0)
		}
		if t.at.Before(p.from) || min(x, at) < free || at-2+width > Width-margin/2 {
			continue
		}
		s.rect(x, p.y1, x+2, p.y1+12, s.muted)
		s.text(at, y, smallSize, left, s.muted, t.label)
		free = at + width + 14
	}
}
