package charts

import "time"

// tick is a labelled moment under a TimeChart.
type tick struct {
	at, until  time.Time // until the next one
	label      string
	shortLabel string // if there is less room
	day        bool   // it stands for the day until the next one
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
		return 150
	case iv.months > 0:
		return 84
	}
	return 90
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
		if len(found) > 0 {
			found[len(found)-1].until = at
		}
		last = at
		t := tick{at: at, until: to, label: iv.label(at, len(found) == 0), day: iv.days == 1}
		if t.shortLabel = t.label; iv.days > 0 {
			t.shortLabel = at.Format("Mon 2")
		}
		found = append(found, t)
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
	return at.Format("15:04")
}

// times draws the ticks: a line where each begins, and its label. A label that would overlap the previous one, or leave
// the picture, is left out.
func (p plot) times(s *sheet, l layers) {
	least := l.edges[1].Sub(l.edges[0])
	columns := p.stacked && p.gap(l.bins()) > 0
	free := margin / 2
	for _, t := range ticks(p.from, p.to, least, p.x1-p.x0) {
		x, room := p.x(t.at), Width
		switch {
		case t.at.Before(p.from) && !t.day:
			continue
		case least >= 20*time.Hour: // a bin is a day or more, and its label is centred under it
			x = p.x(t.at.Add(least / 2))
			s.rect(x-1, p.y1, x+1, p.y1+9, s.muted)
		case columns:
			s.rect(x, p.y1, x+2, p.y1+9, s.muted)
		case x >= p.x0:
			s.rect(x, p.y0, x+1, p.y1+9, s.grid)
		}
		if t.day && least < 20*time.Hour {
			begin, end := max(x, p.x0), p.x(t.until)
			x, room = (begin+end)/2, end-begin
		}
		label := t.label
		if textWidth(label, smallSize) > room {
			label = t.shortLabel
		}
		half := textWidth(label, smallSize)/2 + 1
		if 2*half > room || x-half < free || x+half > Width-margin/2 {
			continue
		}
		s.text(x, p.y1+26, smallSize, middle, s.muted, label)
		free = x + half + 14
	}
}
