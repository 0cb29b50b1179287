package charts

import (
	"image"
	"slices"
	"time"
)

// DotChart shows every ban of a friend as a dot, a row for each name, above each other where they share a bin.
type DotChart struct {
	Head
	Times       []time.Time // the starts of the bins, as those of a TimeChart
	End         time.Time
	Dots        []Dot
	Usual       map[string]float64 // how many in a bin are usual, at most, by name; drawn as a band
	UsualOthers float64            // the same of the row that stands for others
	Marks       []Mark             // what happened meanwhile
	Theme       Theme
	Empty       string // the text if there are no dots; "" is "No friend was banned in this period"
}

// DotRows is how many rows of dots there are at most. Of more names, the last row stands for all but those with most
// dots, in alphabetical order where they have as many.
const DotRows = 3

// Mark is a moment at which something changed.
type Mark struct {
	At    time.Time
	Name  string // of the row of dots
	Label string
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c DotChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c DotChart) SVG() ([]byte, error) { return c.plan().svg() }

const (
	bigDot        = 14.0
	leastDotRow   = 100
	mostDotRow    = 200
	dotPlotBottom = 72
	dotPlotLeft   = margin + 222
	dotRowEdge    = 28 // above the dots of a row, and below its line
)

func (c DotChart) strip() strip {
	keep := validBins(c.Times)
	if len(keep) == 0 {
		return strip{}
	}
	var edges []time.Time
	for _, i := range keep {
		edges = append(edges, c.Times[i].In(c.Times[keep[0]].Location()))
	}
	return newStrip(c.Dots, append(edges, endOf(edges, c.End)), DotRows)
}

func (c DotChart) empty() string {
	if c.Empty != "" {
		return c.Empty
	}
	return "No friend was banned in this period"
}

func (c DotChart) plan() plan {
	t := c.Theme.orLight()
	st := c.strip()
	if len(st.rows) == 0 {
		return blank(t, c.Head, c.empty())
	}
	legend := countedLooks(st.looks())
	if c.hasUsual(st) {
		legend = append(legend, legendEntry{"usual", 34, func(s *sheet, x, y int) { s.rect(x, y-12, x+34, y+12, s.band) }})
	}
	head := c.lay(legend...)
	top, marked := head.bottom()+16, 0
	for _, row := range st.rows {
		if _, ok := c.markOf(row.name, st); ok {
			marked += markHeight
		}
	}
	heights, r := st.dotHeights(Height - top - marked - dotPlotBottom)
	height := top + marked + dotPlotBottom
	for _, h := range heights {
		height += h
	}
	return plan{height: height, theme: t, draw: func(s *sheet) {
		head.draw(s)
		y := top
		for i, row := range st.rows {
			p := plot{
				x0: dotPlotLeft, x1: Width - margin, y0: y + 12, y1: y + heights[i] - 8,
				from: st.edges[0], to: st.edges[len(st.edges)-1],
			}
			if mark, ok := c.markOf(row.name, st); ok {
				p.y0, p.y1 = p.y0+markHeight, p.y1+markHeight
				s.mark(p, mark)
			}
			c.row(s, p, st, row, r)
			if i == len(st.rows)-1 {
				p.times(s, p.from, p.to, st.edges[1].Sub(st.edges[0]))
			}
			y = p.y1 + 8
		}
	}}
}

func (c DotChart) hasUsual(st strip) bool {
	return slices.ContainsFunc(st.rows, func(r stripRow) bool { return c.usual(r) > 0 })
}

// usual is how many in a bin of the row are usual, at most; 0 if that is not known.
func (c DotChart) usual(r stripRow) float64 {
	if r.folded {
		return drawable(c.UsualOthers)
	}
	return drawable(c.Usual[r.name])
}

// Sizes of a mark in pixels: its label and the triangle under that, above a dashed line.
const (
	markHeight   = 58
	markTriangle = 10
	dash         = 6
)

// markOf is the latest mark of a row.
func (c DotChart) markOf(name string, st strip) (latest Mark, ok bool) {
	for _, m := range c.Marks {
		within := !m.At.Before(st.edges[0]) && m.At.Before(st.edges[len(st.edges)-1])
		if m.Name == name && within && (!ok || m.At.After(latest.At)) {
			latest, ok = m, true
		}
	}
	return latest, ok
}

// mark draws a mark: its label above the plot, and a dashed line through that.
func (s *sheet) mark(p plot, m Mark) {
	x, top := p.x(m.At), p.y0-markHeight
	label := fit(m.Label, smallSize, Width-2*margin)
	at := max(min(x-16, Width-margin-textWidth(label, smallSize)), margin)
	s.text(at, top+12, smallSize, left, s.ink, label)
	top += 34
	s.area(s.ink, image.Pt(x-markTriangle, top), image.Pt(x+markTriangle, top), image.Pt(x, top+markTriangle+4))
	for y := top + markTriangle; y < p.y1; y += 2 * dash {
		s.rect(x-1, y, x+1, min(y+dash, p.y1), s.ink)
	}
}

// cellsOf are the cells of a row that are drawn, and their edges.
func (st strip) cellsOf(row stripRow) ([][]Look, []time.Time) {
	return joinCells(row.cells, st.edges, max((Width-margin-dotPlotLeft)/10, 1))
}

// dotHeights are the heights of the rows in so many pixels, and the radius of their dots: as large as lets all stacks
// have room; 0 if some stack has none.
func (st strip) dotHeights(room int) (heights []int, r float64) {
	heights = make([]int, len(st.rows))
	most, width := make([]int, len(st.rows)), 0.0
	for i, row := range st.rows {
		cells, edges := st.cellsOf(row)
		length := edges[len(edges)-1].Sub(edges[0]).Seconds()
		for k, cell := range cells {
			most[i] = max(most[i], len(cell))
			width = max(width, float64(Width-margin-dotPlotLeft)*edges[k+1].Sub(edges[k]).Seconds()/length)
		}
	}
	for r = min(bigDot, width/2-1); r >= leastDot; r -= 0.5 {
		left := room
		for i, n := range most {
			heights[i] = max(int((2*r+4)*float64(n))+dotRowEdge, leastDotRow)
			left -= heights[i]
		}
		if left < 0 {
			continue
		}
		for i := range heights {
			heights[i] = max(min(heights[i]+left/len(heights), mostDotRow), heights[i])
		}
		return heights, r
	}
	for i := range heights {
		heights[i] = min(room/len(heights), mostDotRow)
	}
	return heights, 0
}

// middle is where the dots of a bin are: in its middle, or if it is the first or the last and shorter than dots are
// wide, so far outside that they touch no other bin's.
func (p plot) middle(edges []time.Time, bin int, r float64) int {
	at := func(bin int) int { return (p.x(edges[bin]) + p.x(edges[bin+1])) / 2 }
	x, last, apart := at(bin), len(edges)-2, round(2*r)+1
	switch {
	case last < 1:
	case bin == 0:
		x = min(x, at(1)-apart)
	case bin == last:
		x = max(x, at(last-1)+apart)
	}
	return min(max(x, p.x0), p.x1)
}

// row draws the dots of a name with this radius, from a line upwards; or with a radius of 0 columns, where it has too
// many for dots.
func (c DotChart) row(s *sheet, p plot, st strip, row stripRow, r float64) {
	s.text(margin, p.y1-42, smallSize, left, s.ink, fit(row.name, smallSize, p.x0-margin-16))
	bans := " bans"
	if row.total == 1 {
		bans = " ban"
	}
	s.text(margin, p.y1-9, smallSize, left, s.muted, grouped(int64(row.total))+bans)

	cells, edges := st.cellsOf(row)
	most, width := 1, 0
	for i, cell := range cells {
		most = max(most, len(cell))
		width = max(width, p.x(edges[i+1])-p.x(edges[i]))
	}
	height := p.y1 - p.y0
	if r == 0 {
		r = min(bigDot, float64(width)/2-1, float64(height)/float64(most)/2-1)
	}
	pitch := 2*r + 4
	if pitch*float64(most) > float64(height) {
		pitch = float64(height) / float64(most)
	}
	if usual := c.usual(row); usual > 0 {
		s.rect(p.x0, p.y1-min(round(max(usual*pitch, pitch)), height), p.x1, p.y1, s.band)
	}
	s.rect(p.x0, p.y1, p.x1, p.y1+2, s.muted)
	for i, cell := range cells {
		x := p.middle(edges, i, r)
		if r < leastDot {
			if n := len(cell); n > 0 {
				s.rect(x-4, p.y1-max(height*n/most, 3), x+4, p.y1, s.friend)
			}
			continue
		}
		slices.Sort(cell)
		for k, look := range cell {
			s.dot(x, p.y1-round(pitch*(float64(k)+0.5)), r, look)
		}
	}
}
