package charts

import (
	"image"
	"slices"

	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Sizes in pixels. A phone shows the picture at a third of its width, so no text is smaller than 20.
const (
	margin = 48

	titleSize    = 36.0
	subtitleSize = 22.0
	textSize     = 24.0
	smallSize    = 20.0
)

// align says which part of a text is at its x.
type align int

const (
	left align = iota
	middle
	right
)

// sheet is the surface on which a chart is drawn, with the few shapes that charts consist of. Text must be printable:
// the layout has measured it, and it is drawn as it was measured.
type sheet struct {
	chart.Renderer
	Theme
	height  int
	literal func(string) string // escapes text so that the renderer prints it as it is
}

func asIs(s string) string { return s }

// rect fills from (x0, y0) up to, but not including, (x1, y1).
func (s *sheet) rect(x0, y0, x1, y1 int, c drawing.Color) {
	s.area(c, image.Pt(x0, y0), image.Pt(x1, y0), image.Pt(x1, y1), image.Pt(x0, y1))
}

// area fills a polygon.
func (s *sheet) area(c drawing.Color, points ...image.Point) {
	s.ResetStyle() // else the vector renderer would also draw the outline of the previous shape
	s.SetFillColor(c)
	s.trace(points)
	s.Close()
	s.Fill()
}

// line connects points by a stroke; width is in pixels.
func (s *sheet) line(c drawing.Color, width float64, points ...image.Point) {
	s.ResetStyle()
	s.SetStrokeColor(c)
	s.SetStrokeWidth(width)
	s.trace(points)
	s.Stroke()
}

func (s *sheet) trace(points []image.Point) {
	for i, p := range points {
		if i == 0 {
			s.MoveTo(p.X, p.Y)
		} else {
			s.LineTo(p.X, p.Y)
		}
	}
}

// bar fills like rect, with the two corners at its right end rounded.
func (s *sheet) bar(x0, y0, x1, y1 int, c drawing.Color) {
	r := min(5, x1-x0, (y1-y0)/2)
	s.ResetStyle()
	s.SetFillColor(c)
	s.MoveTo(x0, y0)
	s.LineTo(x1-r, y0)
	s.QuadCurveTo(x1, y0, x1, y0+r)
	s.LineTo(x1, y1-r)
	s.QuadCurveTo(x1, y1, x1-r, y1)
	s.LineTo(x0, y1)
	s.Close()
	s.Fill()
}

// text prints one line; y is the middle of its capitals.
func (s *sheet) text(x, y int, size float64, a align, c drawing.Color, words string) {
	if words == "" {
		return
	}
	f, err := typeface()
	if err != nil {
		return
	}
	switch a {
	case middle:
		x -= textWidth(words, size) / 2
	case right:
		x -= textWidth(words, size)
	}
	s.ResetStyle()
	s.SetFont(f)
	s.SetFontSize(size)
	s.SetFontColor(c)
	s.Text(s.literal(words), x, y+int(0.355*size+0.5))
}

// legendEntry is an entry of a legend.
type legendEntry struct {
	colour drawing.Color
	label  string
	thin   bool // an upright mark instead of a square
}

// Positions of the lines of a header, in pixels from the top, and their height.
const (
	titleAt    = 60
	subtitleAt = titleAt + 48
	lineHeight = 32
)

// header prints the title, the subtitle on up to two lines, and the legend to the right of the title. It returns
// headerHeight, the top of the chart.
func (s *sheet) header(title, subtitle string, legend ...legendEntry) int {
	x := Width - margin
	for _, g := range slices.Backward(legend) {
		x = s.legendEntry(x, titleAt, g)
	}
	s.text(margin, titleAt, titleSize, left, s.ink, fit(title, titleSize, x-margin))
	for i, line := range subtitleLines(subtitle) {
		s.text(margin, subtitleAt+i*lineHeight, subtitleSize, left, s.muted, line)
	}
	return headerHeight(subtitle)
}

func headerHeight(subtitle string) int { return subtitleAt + lineHeight*len(subtitleLines(subtitle)) }

func subtitleLines(subtitle string) []string {
	return wrap(subtitle, subtitleSize, Width-2*margin, 2)
}

// legendEntry draws an entry of a legend that ends at x, and returns where the previous one may end.
func (s *sheet) legendEntry(x, y int, g legendEntry) int {
	const box = 22
	words := fit(g.label, subtitleSize, 360)
	s.text(x, y, subtitleSize, right, s.muted, words)
	x -= textWidth(words, subtitleSize) + 12
	if g.thin {
		s.rect(x-box/2-2, y-15, x-box/2+2, y+15, g.colour)
	} else {
		s.rect(x-box, y-box/2, x, y+box/2, g.colour)
	}
	return x - box - 32
}
