package charts

import (
	"slices"
	"time"
)

// spanDay is the day of a SpanChart that is enlarged, and the part of it in which something happened.
type spanDay struct {
	begin, end time.Time // of the day
	from, to   time.Time // of what is shown of it
	title      string
	lanes      [2][]Span // what holds in the part: what holds at the same time is above each other, as far as it goes
	all        bool      // everything happened on that day
}

// Sizes of the enlarged day in pixels: its line is so far below its top where spans have one lane, or two.
const (
	dayLine, dayLineOfTwo = 150, 170
	daySpan, daySpanOfTwo = 56, 26
	dayLane               = 60
	dayBottom             = 110 // from its line
	dayMargin             = 20
)

func (d spanDay) two() bool { return len(d.lanes[1]) > 0 }

func (d spanDay) line() int {
	if d.two() {
		return dayLineOfTwo
	}
	return dayLine
}

func (d spanDay) height() int { return d.line() + dayBottom }

// day is today if something happened today, else the last day on which something did: a span began, or what leads to
// one, or a login.
func (c SpanChart) day() (d spanDay) {
	zone := c.Now.Location()
	moments := append(c.failed(), c.Logins...)
	for _, s := range c.Spans {
		if !s.From.IsZero() {
			moments = append(moments, s.From)
		}
	}
	moments = slices.DeleteFunc(moments, func(t time.Time) bool { return t.After(c.Now) })
	if len(moments) == 0 {
		moments = []time.Time{c.Now}
	}
	slices.SortFunc(moments, time.Time.Compare)
	last := moments[len(moments)-1].In(zone)
	y, m, n := last.Date()
	d.begin, d.end = time.Date(y, m, n, 0, 0, 0, 0, zone), time.Date(y, m, n+1, 0, 0, 0, 0, zone)
	d.all = !moments[0].Before(d.begin)
	i, _ := slices.BinarySearchFunc(moments, d.begin, time.Time.Compare)
	d.from, d.to = moments[i], last

	d.title = last.Format("Mon 2 Jan")
	switch today := c.Now.Before(d.end); {
	case today:
		d.title = "Today, " + d.title
		d.to = c.Now
	case c.Now.Sub(last) > mostOfAYear:
		d.title = last.Format("2 Jan 2006")
	}
	for _, s := range c.Spans {
		if s.From.Before(d.end) && s.Until.After(d.to) && !s.From.Before(d.begin) {
			d.to = s.Until
		}
	}
	d.widen(c.Now)
	d.take(c.Spans)
	return d
}

// mostOfAYear is from when on the day of the week says less than the year.
const mostOfAYear = 300 * 24 * time.Hour

// widen leaves space around what is shown of the day, which is not more than the day.
func (d *spanDay) widen(now time.Time) {
	const least = 2 * time.Hour
	if d.to.After(d.end) {
		d.to = d.end
	}
	length := max(d.to.Sub(d.from), least)
	d.from, d.to = d.from.Add(-length/4), d.to.Add(length/8)
	if d.to.Sub(d.from) < least {
		d.to = d.from.Add(least)
	}
	if d.from.Before(d.begin) {
		d.from = d.begin
	}
	if d.to.After(d.end) {
		d.to = d.end
	}
	d.from = d.from.In(now.Location())
}

// take takes those of the spans that hold in what is shown of the day. What is older than the day is in the upper lane,
// as is what begins while that is free.
func (d *spanDay) take(spans []Span) {
	var free time.Time // when the upper lane is free again
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return a.From.Compare(b.From) })
	for _, s := range spans {
		until := s.Until
		switch {
		case until.IsZero() && s.Holding:
			until = d.end
		case until.IsZero():
			until = s.From
		}
		if s.From.IsZero() || !s.From.Before(d.to) || until.Before(d.from) {
			continue
		}
		lane := 0
		if s.From.Before(free) && !s.From.Before(d.begin) {
			lane = 1
		} else if until.After(free) {
			free = until
		}
		d.lanes[lane] = append(d.lanes[lane], s)
	}
}

// label is when a span began and ends, "13:40 to 14:40", with its name if it is not the only one.
func (d spanDay) label(s Span, named bool) string {
	zone := d.begin.Location()
	from, until := s.From.In(zone).Format("15:04"), s.Until.In(zone)
	label := from
	switch {
	case s.Until.IsZero() && s.Holding:
		label = "from " + from + ", permanent"
	case s.Until.IsZero():
	case s.Until.After(d.end):
		label += " to " + until.Format("Mon 2 Jan")
	default:
		label += " to " + until.Format("15:04")
	}
	if s.From.Before(d.begin) {
		label = "since " + s.From.In(zone).Format("Mon 2 Jan")
		if !s.Until.IsZero() && !s.Until.After(d.end) {
			label = "until " + until.Format("15:04")
		}
	}
	if named {
		label = s.Name + " " + label
	}
	return label
}

// day draws the enlarged day from top on.
func (s *sheet) day(d spanDay, c SpanChart, top int) {
	s.rect(margin, top, Width-margin, top+d.height(), s.band)
	p := plot{x0: margin + dayMargin, x1: Width - margin - dayMargin, y0: top, y1: top + d.line(), from: d.from, to: d.to}
	height, title := daySpan, top+38
	if d.two() {
		height, title = daySpanOfTwo, top+30
	}
	s.text(p.x0+4, title, smallSize, left, s.ink, d.title)
	named := slices.ContainsFunc(c.Spans, func(one Span) bool { return one.Name != c.Spans[0].Name })
	for i, spans := range d.lanes {
		lane := p
		if d.two() && i == 0 {
			lane.y1 -= dayLane
		}
		for _, one := range longestFirst(spans) {
			s.span(lane, one, height, c.colour(s.Theme), s.band)
		}
		free := p.x1 // a label may end there: of those that have no room beside each other, the latest is printed
		for _, one := range slices.Backward(spans) {
			words := fit(d.label(one, named), smallSize, p.x1-p.x0-4)
			w := textWidth(words, smallSize)
			if x := max(min(p.x(one.From), p.x1-w), p.x0+4); x+w <= free {
				s.text(x, lane.y1-height-20, smallSize, left, s.ink, words)
				free = x - 16
			}
		}
	}
	s.rect(p.x0, p.y1, p.x1, p.y1+2, s.muted)
	p.timesAt(s, d.from, d.to, time.Minute, p.y1+62, middle)
	s.failed(p, c.failed(), 28)
	s.logins(p, c.Logins)
}
