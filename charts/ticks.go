package charts

import "time"

// tick is a moment that is named under a TimeChart.
type tick struct {
	at, until time.Time // until the next one
	label     string
	brief     string // the same for where there is less room
	day       bool   // it names all the time until the next one, which is a day
}

// A pace is a distance between ticks that people count time in. Exactly one of its fields is set.
type pace struct{ minutes, days, months int }

// paces are tried from the shortest on.
var paces = []pace{
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

// roughly is the length of a pace, as short as it may be.
func (p pace) roughly() time.Duration {
	return time.Duration(p.minutes)*time.Minute + time.Duration(p.days)*23*time.Hour +
		time.Duration(p.months)*28*24*time.Hour
}

// room is how many pixels a label of the pace takes, with the space beside it.
func (p pace) room() int {
	switch {
	case p.days > 0:
		return 150
	case p.months > 0:
		return 84
	}
	return 90
}

// ticks returns the moments to name between from and to on an axis so many pixels wide, in the zone of from.
// No bin is shorter than least, so nothing is named that is.
func ticks(from, to time.Time, least time.Duration, pixels int) []tick {
	if from.Year() < 1 || to.Year() > 9999 {
		return nil
	}
	for _, p := range paces {
		if p.days == 0 && p.roughly() < least {
			continue
		}
		if float64(to.Sub(from))/float64(p.roughly()) <= float64(pixels)/float64(p.room()) {
			return p.walk(from, to)
		}
	}
	return nil
}

func (p pace) walk(from, to time.Time) (found []tick) {
	last := time.Time{}
	for i := 0; ; i++ {
		at := p.nth(from, i)
		if i > 10_000 || !at.Before(to) {
			break
		}
		// The clock is put on: the hour that is left out is named by no tick, and one that comes twice by one.
		if !at.After(last) || p.minutes > 0 && (at.Hour()*60+at.Minute())%p.minutes != 0 {
			continue
		}
		if len(found) > 0 {
			found[len(found)-1].until = at
		}
		last = at
		t := tick{at: at, until: to, label: p.label(at, len(found) == 0), day: p.days == 1}
		if t.brief = t.label; p.days > 0 {
			t.brief = at.Format("Mon 2")
		}
		found = append(found, t)
	}
	return found
}

// nth returns the i-th tick, counted from the last one that is not after from.
func (p pace) nth(from time.Time, i int) time.Time {
	y, m, d := from.Date()
	zone := from.Location()
	switch {
	case p.minutes > 0:
		first := (from.Hour()*60 + from.Minute()) / p.minutes
		return time.Date(y, m, d, 0, (first+i)*p.minutes, 0, 0, zone)
	case p.days > 0:
		if p.days >= 7 {
			d -= (int(from.Weekday()) + 6) % 7 // weeks begin on Monday
		}
		return time.Date(y, m, d+i*p.days, 0, 0, 0, 0, zone)
	}
	month := (12*y + int(m) - 1) / p.months * p.months
	return time.Date(0, time.January+time.Month(month+i*p.months), 1, 0, 0, 0, 0, zone)
}

func (p pace) label(at time.Time, first bool) string {
	midnight := at.Hour() == 0 && at.Minute() == 0
	switch {
	case p.months >= 12:
		return at.Format("2006")
	case p.months > 0 && (at.Month() == time.January || first):
		return at.Format("Jan 2006")
	case p.months > 0:
		return at.Format("Jan")
	case p.days > 0 || midnight:
		return at.Format("Mon 2 Jan")
	}
	return at.Format("15:04")
}

// times draws the ticks: a line where each begins, and its name. A name that would run into the one before it, or
// out of the picture, is left out.
func (p plot) times(s *sheet, l layers) {
	least := l.edges[1].Sub(l.edges[0])
	columns := p.stacked && p.gap(l.bins()) > 0
	free := margin / 2
	for _, t := range ticks(p.from, p.to, least, p.x1-p.x0) {
		x, room := p.x(t.at), Width
		switch {
		case t.at.Before(p.from) && !t.day:
			continue
		case least >= 20*time.Hour: // a bin is a day or more, and its name stands under its middle
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
		if wide(label, smallSize) > room {
			label = t.brief
		}
		half := wide(label, smallSize)/2 + 1
		if 2*half > room || x-half < free || x+half > Width-margin/2 {
			continue
		}
		s.text(x, p.y1+26, smallSize, middle, s.muted, label)
		free = x + half + 14
	}
}
