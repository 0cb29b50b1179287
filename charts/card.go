package charts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Card shows up to six panels in one picture: what there is to know at a glance.
type Card struct {
	Head
	Panels []Panel
	Theme  Theme
	Empty  string // the text if there are no panels; "" is "No bans in this period"
}

// Panel is a field of a Card: a figure or a name, and under that a range, rows or columns.
type Panel struct {
	Title   string
	Figure  string // large
	Name    string // takes the place of Figure, less large
	Friends bool   // Figure is about friends
	Note    string // beside the figure if there is room, or under the name

	Usual   *Usual
	Rows    []PanelRow // up to four, three under a figure
	Columns []Column
	Marks   []string // under the columns, at equal distances from their left end to their right
}

// Usual is a value among what is usual.
type Usual struct{ Value, Low, High int64 }

// PanelRow is a name with its number: in a bar, or in dots.
type PanelRow struct {
	Label   string
	Value   int64
	Friends bool // drawn in the colour of friends
	Bars    bool // there is a bar under each row, the longest as wide as the panel
	Dots    bool // as many dots as Value, if there is room
	Look    Look // of the dots
}

// Column is a column of a panel.
type Column struct {
	Value  float64
	Slot   int  // of its colour; 0 is that of what was before
	Rest   bool // it is everybody who is no friend, and grey
	Picked bool // the one that the panel names
}

// PNG returns the card as a picture 1280 pixels wide and up to 800 high.
func (c Card) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the card as an SVG document of the same size.
func (c Card) SVG() ([]byte, error) { return c.plan().svg() }

// Sizes of a Card in pixels.
const (
	panelsAcross = 3
	mostPanels   = 6
	panelStep    = 416
	panelWidth   = 352
	panelHeight  = 314
	figureSize   = 72.0
	nameSize     = 40.0
)

func (c Card) panels() []Panel { return c.Panels[:min(len(c.Panels), mostPanels)] }

func (c Card) plan() plan {
	t := c.Theme.orLight()
	panels := c.panels()
	if len(panels) == 0 {
		return blank(t, c.Head, c.Empty)
	}
	head := c.lay()
	rows := (len(panels) + panelsAcross - 1) / panelsAcross
	top := head.bottom() + 12
	return plan{height: top + rows*panelHeight + 24, theme: t, draw: func(s *sheet) {
		head.draw(s)
		for i, p := range panels {
			x, y := margin+i%panelsAcross*panelStep, top+i/panelsAcross*panelHeight
			if i%panelsAcross == 0 {
				s.rect(margin, y, Width-margin, y+2, s.grid)
			} else {
				s.rect(x-24, y+22, x-22, y+panelHeight-22, s.grid)
			}
			s.panel(p, x, y)
		}
	}}
}

// panel draws p with its upper left corner at (x, y).
func (s *sheet) panel(p Panel, x, y int) {
	s.text(x, y+37, textSize, left, s.muted, fit(p.Title, textSize, panelWidth))
	at := y + 72 // where the body begins
	switch {
	case p.Figure != "":
		colour := s.ink
		if p.Friends {
			colour = s.friendText
		}
		figure := fit(p.Figure, figureSize, panelWidth)
		s.text(x, y+107, figureSize, left, colour, figure)
		after := x + textWidth(figure, figureSize) + 22
		if note := printable(p.Note); after+textWidth(note, smallSize) <= x+panelWidth {
			s.text(after, y+118, smallSize, left, s.muted, note)
		}
		at = y + 156
	case p.Name != "":
		s.text(x, y+99, nameSize, left, s.ink, fit(p.Name, nameSize, panelWidth))
		s.text(x, y+145, smallSize, left, s.muted, fit(p.Note, smallSize, panelWidth))
		at = y + 176
	case p.Note != "":
		s.text(x, y+92, smallSize, left, s.ink, fit(p.Note, smallSize, panelWidth))
		at = y + 124
	}
	foot := y + panelHeight - 34
	switch {
	case p.Usual != nil:
		s.usual(*p.Usual, x, at)
	case len(p.Rows) > 0:
		s.panelRows(p.Rows, x, at, foot)
	case len(p.Columns) > 0:
		s.panelColumns(p, x, at, foot)
	}
}

// usual draws the usual range as a band, and the value as a mark.
func (s *sheet) usual(u Usual, x, y int) {
	low, high := float64(min(nonNegative(u.Low), nonNegative(u.High))), float64(nonNegative(u.High))
	value := float64(nonNegative(u.Value))
	from, to := min(low, value), max(high, value)
	room := max(to-from, 1) * 0.35
	at := func(v float64) int { return x + round(float64(panelWidth)*(v-from+room)/(to-from+2*room)) }
	s.rect(x, y+24, x+panelWidth, y+28, s.grid)
	s.rect(at(low), y+9, max(at(high), at(low)+4), y+43, s.rest)
	s.rect(at(value)-4, y-1, at(value)+4, y+53, s.ink)
	words := "usually " + grouped(int64(low)) + " to " + grouped(int64(high))
	if low == high {
		words = "usually " + grouped(int64(low))
	}
	s.text(x, y+90, smallSize, left, s.muted, fit(words, smallSize, panelWidth))
}

// panelRows draws rows between y and foot.
func (s *sheet) panelRows(rows []PanelRow, x, y, foot int) {
	pitch := 42
	if rows[0].Bars {
		pitch = 56
	}
	rows = rows[:min(len(rows), max((foot-y)/pitch+1, 1), 4)]
	var most int64
	var values []string
	for _, r := range rows {
		most = max(most, r.Value)
		values = append(values, axisLabel(float64(nonNegative(r.Value))))
	}
	end := x + panelWidth
	dots := slices.ContainsFunc(rows, func(r PanelRow) bool { return r.Dots })
	if dots {
		end = x + 186
	}
	w := maxTextWidth(smallSize, values...)
	for i, r := range rows {
		line, colour := y+18+i*pitch, s.ink
		if r.Friends && !r.Dots {
			colour = s.friendText
		}
		s.text(x, line, smallSize, left, colour, fit(r.Label, smallSize, end-x-w-16))
		value := s.muted
		if r.Friends {
			value = colour
		}
		s.text(end, line, smallSize, right, value, values[i])
		if r.Bars && r.Value > 0 {
			length := max(int(float64(panelWidth)*float64(r.Value)/float64(most)), 4)
			bar := s.Theme.bar
			if r.Friends {
				bar = s.friend
			}
			s.rect(x, line+20, x+length, line+28, bar)
		}
		if r.Dots {
			s.rowOfDots(r, int(min(most, 1000)), end+24, line, x+panelWidth)
		}
	}
}

// rowOfDots draws the dots of a row from x to end, so small that the most of all rows have room; or a bar, if they have
// not.
func (s *sheet) rowOfDots(r PanelRow, most, x, line, end int) {
	n := int(min(nonNegative(r.Value), 1000))
	step := min(float64(end-x)/float64(max(most, 1)), 20)
	if radius := step/2 - 1; radius >= leastDot {
		for i := range n {
			s.dot(x+round(step*(float64(i)+0.5)), line, min(radius, dotRadius), r.Look)
		}
		return
	}
	if n > 0 {
		s.rect(x, line-8, x+max((end-x)*n/most, 4), line+8, s.friend)
	}
}

// panelColumns draws the columns between y and foot, and the marks under them.
func (s *sheet) panelColumns(p Panel, x, y, foot int) {
	if len(p.Marks) > 0 {
		foot -= 40
	}
	columns := p.Columns[:min(len(p.Columns), panelWidth/4)]
	most := 0.0
	for _, c := range columns {
		most = max(most, drawable(c.Value))
	}
	at := func(i int) int { return x + panelWidth*i/len(columns) }
	for i, c := range columns {
		if v := drawable(c.Value); v > 0 {
			h := max(int(float64(foot-y)*v/most), 2)
			s.rect(at(i)+1, foot-h, max(at(i+1)-2, at(i)+2), foot, s.columnColour(c))
		}
	}
	s.rect(x, foot, x+panelWidth, foot+2, s.muted)
	for i, mark := range p.Marks {
		a, mx := middle, x+panelWidth*i/max(len(p.Marks)-1, 1)
		switch i {
		case 0:
			a = left
		case len(p.Marks) - 1:
			a = right
		}
		s.text(mx, foot+30, smallSize, a, s.muted, fit(mark, smallSize, panelWidth/len(p.Marks)-4))
	}
}

func (s *sheet) columnColour(c Column) drawing.Color {
	switch {
	case c.Picked:
		return s.ink
	case c.Rest:
		return s.Theme.bar
	}
	return s.slot(c.Slot)
}

// Text returns the card as lines of words. For width and height see BarChart.Text.
func (c Card) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	panels := c.panels()
	if len(panels) == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
	}
	for _, panel := range panels {
		said := slices.DeleteFunc([]string{panel.Figure, panel.Name, panel.Note}, func(s string) bool { return s == "" })
		if u := panel.Usual; u != nil {
			said = append(said, "usually "+grouped(nonNegative(u.Low))+" to "+grouped(nonNegative(u.High)))
		}
		for _, r := range panel.Rows[:min(len(panel.Rows), 4)] {
			said = append(said, clean(r.Label)+" "+grouped(nonNegative(r.Value)))
		}
		p.add(panel.Title + ": " + strings.Join(said, ", "))
	}
	return p.String()
}
