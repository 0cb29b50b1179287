package charts

import (
	"cmp"
	"slices"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Span is a time for which something held.
type Span struct {
	From    time.Time
	Until   time.Time // zero: it is not known, or there is none
	Name    string    // of its row, such as a jail
	Holding bool      // it is not over
}

// SpanChart shows when things held, a row for each name. What is not over is striped, to its end or to that of the axis.
type SpanChart struct {
	Head
	Spans   []Span
	Logins  []time.Time // drawn as dots above the spans
	Now     time.Time
	Friends bool // they are about a friend, and have that colour
	Theme   Theme
	Empty   string // the text if there are no spans; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c SpanChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c SpanChart) SVG() ([]byte, error) { return c.plan().svg() }

// Sizes of a SpanChart in pixels.
const (
	mostSpanRows = 5
	spanPitch    = 96
	spanHeight   = 44
	spanLeft     = margin + 240
	loginPitch   = 64
	loginDot     = 10.0
	leastSpan    = 8
)

// spanRow is the spans of one name.
type spanRow struct {
	name  string
	spans []Span
}

// rows are those of the names with most spans, the last of which stands for others if there are more.
func (c SpanChart) rows() (rows []spanRow) {
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
	if n := len(rows) - mostSpanRows + 1; len(rows) > mostSpanRows {
		rest := spanRow{name: grouped(int64(n)) + " others"}
		for _, r := range rows[mostSpanRows-1:] {
			rest.spans = append(rest.spans, r.spans...)
		}
		rows = append(rows[:mostSpanRows-1:mostSpanRows-1], rest)
	}
	return rows
}

// axis is from the first span to the end of the last, which may be a third further away than the first at most.
func (c SpanChart) axis(rows []spanRow) (from, to time.Time) {
	from, last := c.Now, time.Time{}
	for _, at := range c.Logins {
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

func (c SpanChart) plan() plan {
	t, rows := c.Theme.orLight(), c.rows()
	if len(rows) == 0 {
		return blank(t, c.Head, c.Empty)
	}
	colour := t.bar
	if c.Friends {
		colour = t.friend
	}
	var legend []legendEntry
	if slices.ContainsFunc(c.Spans, func(s Span) bool { return s.Holding }) {
		legend = []legendEntry{{"still banned", 34, func(s *sheet, x, y int) { s.stripes(x, y-14, x+34, y+14, colour) }}}
	}
	if n := len(c.Logins); n > 0 {
		words := grouped(int64(n)) + " logins"
		if n == 1 {
			words = "1 login"
		}
		legend = append(legend, legendEntry{words, 20, func(s *sheet, x, y int) { s.disc(x+10, y, loginDot, s.slot(1)) }})
	}
	head := c.lay(legend...)
	top := head.bottom() + 16
	if len(c.Logins) > 0 {
		top += loginPitch
	}
	from, to := c.axis(rows)
	return plan{height: max(top+spanPitch*len(rows)+64, 250), theme: t, draw: func(s *sheet) {
		head.draw(s)
		if len(c.Logins) > 0 {
			c.logins(s, plot{x0: spanLeft, x1: Width - margin, y1: top - 12, from: from, to: to})
		}
		for i, row := range rows {
			p := plot{x0: spanLeft, x1: Width - margin, y1: top + (i+1)*spanPitch - 12, from: from, to: to}
			s.spans(p, row, colour)
			if i == len(rows)-1 {
				p.times(s, from, to, time.Minute)
			}
		}
	}}
}

// logins draws a row of dots. Where several would cover each other, there is one.
func (c SpanChart) logins(s *sheet, p plot) {
	y := p.y1 - loginPitch/2 + 12
	s.text(margin, y, smallSize, left, s.ink, "logins")
	s.rect(p.x0, y, p.x1, y+2, s.grid)
	drawn := map[int]bool{}
	for _, at := range c.Logins {
		x := min(max(p.x(at), p.x0), p.x1)
		if cell := x / int(loginDot); !drawn[cell] {
			drawn[cell] = true
			s.disc(x, y+1, loginDot, s.slot(1))
		}
	}
}

// spans draws a row: its name, and its spans on a line.
func (s *sheet) spans(p plot, row spanRow, colour drawing.Color) {
	s.text(margin, p.y1-42, smallSize, left, s.ink, fit(row.name, smallSize, p.x0-margin-16))
	bans := " bans"
	if len(row.spans) == 1 {
		bans = " ban"
	}
	s.text(margin, p.y1-9, smallSize, left, s.muted, grouped(int64(len(row.spans)))+bans)
	s.rect(p.x0, p.y1, p.x1, p.y1+2, s.muted)
	for _, one := range row.spans {
		x0 := min(p.x(one.From), p.x1-leastSpan)
		x1 := x0 + leastSpan
		switch {
		case !one.Until.IsZero():
			x1 = min(max(p.x(one.Until), x1), p.x1)
		case one.Holding:
			x1 = p.x1
		}
		if one.Holding {
			s.rect(x0, p.y1-spanHeight, x1, p.y1, s.paper)
			s.stripes(x0, p.y1-spanHeight, x1, p.y1, colour)
			continue
		}
		s.rect(x0, p.y1-spanHeight, x1, p.y1, colour)
		s.rect(x1, p.y1-spanHeight, min(x1+2, p.x1), p.y1, s.paper) // apart from the next
	}
}

// Text returns the chart as a line of block characters for each name, with the number of its spans. For width and height
// see BarChart.Text.
func (c SpanChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	rows := c.rows()
	if len(rows) == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	const cells = 120
	from, to := c.axis(rows)
	var lines []sparkRow
	at := func(t time.Time) int {
		return min(max(int(float64(cells)*t.Sub(from).Seconds()/to.Sub(from).Seconds()), 0), cells-1)
	}
	if n := len(c.Logins); n > 0 {
		values := make([]float64, cells)
		for _, t := range c.Logins {
			values[at(t)] = 1
		}
		lines = append(lines, sparkRow{"logins", values, grouped(int64(n))})
	}
	for _, r := range rows {
		values := make([]float64, cells)
		for _, s := range r.spans {
			end := at(s.From)
			if s.Holding && s.Until.IsZero() {
				end = cells - 1
			}
			for i := at(s.From); i <= max(end, at(s.Until)); i++ {
				values[i] = 1
			}
		}
		lines = append(lines, sparkRow{r.name, values, grouped(int64(len(r.spans)))})
	}
	p.sparkRows(lines, []time.Time{from, to})
	return p.String()
}
