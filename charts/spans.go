package charts

import (
	"cmp"
	"image"
	"slices"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Span is a time for which something held.
type Span struct {
	From    time.Time
	Until   time.Time   // zero: it is not known, or there is none
	Name    string      // of its row, such as a jail
	Holding bool        // it is not over
	Failed  []time.Time // what led to it, drawn as ticks beneath it
}

// SpanChart shows when things held and what came before, over all the time and, enlarged, on one day: today, or the
// last day on which something happened. What is not over is striped, to its end or to that of the axis.
type SpanChart struct {
	Head
	Spans       []Span
	Label       string      // of all spans in the legend, such as "3 bans"; "": their number
	FailedLabel string      // the same of what led to them
	Logins      []time.Time // drawn as dots above the spans
	Now         time.Time
	Friends     bool // they are about a friend, and have that colour
	Theme       Theme
	Empty       string // the text if there are no spans; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c SpanChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c SpanChart) SVG() ([]byte, error) { return c.plan().svg() }

// Sizes of a SpanChart in pixels.
const (
	mostSpanRows = 2
	spanPitch    = 60
	spanHeight   = 22
	spanLeft     = margin + 240
	spanAxis     = 84 // from the last line to the end of the labels under it
	loginAbove   = 34 // a line
	loginDot     = 10.0
	leastSpan    = 8
	failedWidth  = 4
	dayWidth     = 14 // of the enlarged day, at least
)

// spanRow is the spans of one name.
type spanRow struct {
	name  string
	spans []Span
}

// rows are those of the names with most spans, at most so many, the last of which stands for others if there are more.
func (c SpanChart) rows(most int) (rows []spanRow) {
	for _, s := range c.Spans {
		if s.From.IsZero() {
			continue
		}
		i := slices.IndexFunc(rows, func(r spanRow) bool { return r.name == s.Name })
		if i < 0 {
			i, rows = len(rows), append(rows, spanRow{name: s.Name})
		}
		rows[i].spans = append(rows[i].spans, s)
	}
	slices.SortStableFunc(rows, func(a, b spanRow) int { return cmp.Compare(len(b.spans), len(a.spans)) })
	if n := len(rows) - most + 1; len(rows) > most {
		rest := spanRow{name: grouped(int64(n)) + " others"}
		for _, r := range rows[most-1:] {
			rest.spans = append(rest.spans, r.spans...)
		}
		rows = append(rows[:most-1:most-1], rest)
	}
	return rows
}

// failed are all that led to spans.
func (c SpanChart) failed() (all []time.Time) {
	for _, s := range c.Spans {
		all = append(all, s.Failed...)
	}
	return all
}

// axis is from the first moment to the end of the last span, which may be a third further away than the first at most.
func (c SpanChart) axis(rows []spanRow) (from, to time.Time) {
	from, last := c.Now, time.Time{}
	for _, at := range append(c.failed(), c.Logins...) {
		if at.Before(from) {
			from = at
		}
		if at.After(last) {
			last = at
		}
	}
	for _, r := range rows {
		for _, s := range r.spans {
			if s.From.Before(from) {
				from = s.From
			}
			for _, t := range []time.Time{s.From, s.Until} {
				if t.After(last) {
					last = t
				}
			}
			if s.Holding && c.Now.After(last) {
				last = c.Now
			}
		}
	}
	if far := c.Now.Add(c.Now.Sub(from) / 3); last.After(far) {
		last = far
	}
	return from, from.Add(max(last.Sub(from), time.Hour) * 51 / 50)
}

// colour is that of all spans.
func (c SpanChart) colour(t Theme) drawing.Color {
	if c.Friends {
		return t.friend
	}
	return t.bar
}

func (c SpanChart) legend(t Theme) []legendEntry {
	colour := c.colour(t)
	all := []legendEntry{{
		cmp.Or(c.Label, counted(len(c.Spans), "ban")), 20,
		func(s *sheet, x, y int) { s.rect(x, y-14, x+20, y+14, colour) },
	}}
	if slices.ContainsFunc(c.Spans, func(s Span) bool { return s.Holding }) {
		all = append(all, legendEntry{"still banned", 34, func(s *sheet, x, y int) { s.stripes(x, y-14, x+34, y+14, colour) }})
	}
	if n := len(c.failed()); n > 0 {
		all = append(all, legendEntry{
			cmp.Or(c.FailedLabel, counted(n, "failure")), failedWidth,
			func(s *sheet, x, y int) { s.rect(x, y-13, x+failedWidth, y+13, s.ink) },
		})
	}
	if n := len(c.Logins); n > 0 {
		all = append(all, legendEntry{counted(n, "login"), 20, func(s *sheet, x, y int) { s.disc(x+10, y, loginDot, s.slot(1)) }})
	}
	return all
}

// counted is "1 ban", "2 bans".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(int64(n)) + " " + noun + "s"
}

func (c SpanChart) plan() plan {
	t := c.Theme.orLight()
	rows := c.rows(mostSpanRows)
	if len(rows) == 0 {
		return blank(t, c.Head, c.Empty)
	}
	head, day := c.lay(c.legend(t)...), c.day()
	if day.all {
		top := head.bottom() + 24
		return plan{height: top + day.height() + 40, theme: t, draw: func(s *sheet) {
			head.draw(s)
			s.day(day, c, top)
		}}
	}
	// The space above and the slope beneath give way to what needs room.
	above, slope := 56, 76
	height := func() int {
		return head.bottom() + above + c.loginHeight() + len(rows)*spanPitch + spanAxis - 34 + slope + day.height() + 40
	}
	const leastAbove, leastSlope = 16, 28
	if height()-(above-leastAbove)-(slope-leastSlope) > Height {
		rows = c.rows(1)
	}
	slope = max(slope-max(height()-Height, 0), leastSlope)
	above = max(above-max(height()-Height, 0), leastAbove)
	from, to := c.axis(rows)
	from = from.Add(-to.Sub(from) / 40)
	return plan{height: height(), theme: t, draw: func(s *sheet) {
		head.draw(s)
		p := plot{x0: margin, x1: Width - margin, y0: head.bottom() + above, from: from, to: to}
		if len(rows) > 1 {
			p.x0 = spanLeft
		}
		first := p.y0 + c.loginHeight() + spanPitch - 34
		p.y1 = first + (len(rows)-1)*spanPitch
		bottom := p.y1 + spanAxis
		s.enlarged(p, day, bottom, bottom+slope)
		p.timesAt(s, from, to, time.Minute, p.y1+56, left)
		for i, row := range rows {
			line := p
			line.y1 = first + i*spanPitch
			if len(rows) > 1 {
				s.text(margin, line.y1-spanHeight/2, smallSize, left, s.ink, fit(row.name, smallSize, p.x0-margin-16))
			}
			s.spans(line, row.spans, c.colour(s.Theme))
		}
		p.y1 = first
		s.logins(p, c.Logins)
		s.day(day, c, bottom+slope)
	}}
}

func (c SpanChart) loginHeight() int {
	if len(c.Logins) == 0 {
		return 0
	}
	return loginAbove
}

// enlarged draws the day as a band over the plot, and how it widens from one height to another.
func (s *sheet) enlarged(p plot, day spanDay, from, to int) {
	x0, x1 := p.x(day.begin), p.x(day.end)
	if more := dayWidth - (x1 - x0); more > 0 {
		x0, x1 = x0-more/2, x1+more/2
	}
	x0, x1 = max(min(x0, p.x1-dayWidth), p.x0), min(max(x1, p.x0+dayWidth), p.x1)
	s.rect(x0, p.y0, x1, from, s.band)
	s.area(s.band, image.Pt(x0, from), image.Pt(x1, from), image.Pt(Width-margin, to), image.Pt(margin, to))
}

// logins draws a row of dots. Where several would cover each other, there is one.
func (s *sheet) logins(p plot, logins []time.Time) {
	drawn := map[int]bool{}
	for _, at := range logins {
		x := p.x(at)
		if cell := x / int(loginDot); !drawn[cell] && !at.Before(p.from) && !at.After(p.to) {
			drawn[cell] = true
			s.disc(min(max(x, p.x0+int(loginDot)), p.x1-int(loginDot)), p.y1-loginAbove, loginDot, s.slot(1))
		}
	}
}

// spans draws spans on a line, and beneath it what led to them.
func (s *sheet) spans(p plot, spans []Span, colour drawing.Color) {
	s.rect(p.x0, p.y1, p.x1, p.y1+2, s.muted)
	for _, one := range longestFirst(spans) {
		s.span(p, one, spanHeight, colour, s.paper)
		s.failed(p, one.Failed, spanHeight)
	}
}

// longestFirst sorts spans so that none hides another.
func longestFirst(spans []Span) []Span {
	endless := func(s Span) int {
		if s.Until.IsZero() && s.Holding {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(spans), func(a, b Span) int {
		return cmp.Or(cmp.Compare(endless(a), endless(b)), cmp.Compare(b.Until.Sub(b.From), a.Until.Sub(a.From)))
	})
}

// span draws one span of that height, which stands on the line of p.
func (s *sheet) span(p plot, one Span, height int, colour, paper drawing.Color) {
	x0 := min(max(p.x(one.From), p.x0), p.x1-leastSpan)
	x1 := x0 + leastSpan
	switch {
	case !one.Until.IsZero():
		x1 = min(max(p.x(one.Until), x1), p.x1)
	case one.Holding:
		x1 = p.x1
	}
	if one.Holding {
		s.rect(x0, p.y1-height, x1, p.y1, paper)
		s.stripes(x0, p.y1-height, x1, p.y1, colour)
		return
	}
	s.rect(x0, p.y1-height, x1, p.y1, colour)
	s.rect(x1, p.y1-height, min(x1+2, p.x1), p.y1, paper) // apart from the next
}

// failed draws ticks of that length under the line of p. Where several would cover each other, there is one.
func (s *sheet) failed(p plot, all []time.Time, length int) {
	drawn := map[int]bool{}
	for _, at := range all {
		x := p.x(at)
		if cell := x / (failedWidth + 1); !drawn[cell] && !at.Before(p.from) && !at.After(p.to) {
			drawn[cell] = true
			s.rect(x-failedWidth/2, p.y1+4, x+failedWidth/2, p.y1+4+length, s.ink)
		}
	}
}
