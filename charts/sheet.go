package charts

import (
	"image"
	"math"
	"slices"

	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Sizes in pixels. A phone shows the picture at a third of its width: no text is smaller than smallSize, which is 9
// pixels there.
const (
	margin = 48

	titleSize      = 44.0
	leastTitleSize = 38.0
	textSize       = 30.0
	smallSize      = 29.0
	lineHeight     = 40
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
	if len(points) == 0 {
		return
	}
	s.ResetStyle() // else the vector renderer would also draw the outline of the previous shape
	s.SetFillColor(c)
	s.trace(points)
	s.Close()
	s.Fill()
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

// stripes fills like rect, with slanted stripes: what is not over.
func (s *sheet) stripes(x0, y0, x1, y1 int, c drawing.Color) {
	const distance, width = 10, 5
	for k := x0 + y0 - (x0+y0)%distance; k < x1+y1; k += distance {
		s.area(c, slantedBand(x0, y0, x1, y1, k, k+width)...)
	}
}

// slantedBand returns the corners of that part of a rectangle in which x+y is between k0 and k1.
func slantedBand(x0, y0, x1, y1, k0, k1 int) []image.Point {
	shape := []image.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
	for _, side := range []func(image.Point) int{
		func(p image.Point) int { return p.X + p.Y - k0 },
		func(p image.Point) int { return k1 - p.X - p.Y },
	} {
		var kept []image.Point
		for i, b := range shape {
			a := shape[(i+len(shape)-1)%len(shape)]
			da, db := side(a), side(b)
			if (da < 0) != (db < 0) { // the edge crosses the line
				kept = append(kept, image.Pt(a.X+(b.X-a.X)*da/(da-db), a.Y+(b.Y-a.Y)*da/(da-db)))
			}
			if db >= 0 {
				kept = append(kept, b)
			}
		}
		if shape = kept; len(shape) < 3 {
			return nil
		}
	}
	return shape
}

// Look is what a friend's ban looks like.
type Look int

// The looks: of which nothing is known, and which is drawn like a person; a person; unclear; an attacker.
const (
	Unjudged Look = iota
	Person
	Unclear
	Attacker
)

// dot draws the ban of a friend: full for a person, half full if it is unclear, hollow for an attacker.
func (s *sheet) dot(x, y int, r float64, look Look) {
	s.disc(x, y, r, s.friend)
	if look <= Person || look > Attacker {
		return
	}
	inner := r - max(0.3*r, 3)
	s.disc(x, y, inner, s.paper)
	if look == Unclear {
		s.ResetStyle()
		s.SetFillColor(s.friend)
		s.MoveTo(x+int(math.Round(inner)), y)
		s.ArcTo(x, y, inner, inner, 0, math.Pi)
		s.Close()
		s.Fill()
	}
}

// disc fills a circle. One arc of a whole turn ends where it begins, and would be nothing in an SVG.
func (s *sheet) disc(x, y int, r float64, c drawing.Color) {
	s.ResetStyle()
	s.SetFillColor(c)
	s.MoveTo(x+int(math.Round(r)), y)
	s.ArcTo(x, y, r, r, 0, math.Pi)
	s.ArcTo(x, y, r, r, math.Pi, math.Pi)
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
	label string
	width int // of the mark
	draw  func(s *sheet, x, y int)
}

// swatch is an entry with a square.
func swatch(c drawing.Color, label string) legendEntry {
	return legendEntry{label, 28, func(s *sheet, x, y int) { s.rect(x, y-14, x+28, y+14, c) }}
}

// dotEntry is an entry with a dot.
func dotEntry(look Look, label string) legendEntry {
	return legendEntry{label, 24, func(s *sheet, x, y int) { s.dot(x+12, y, 11, look) }}
}

// legend prints entries in one line from x on, and leaves out those that would leave the sheet.
func (s *sheet) legend(x, y int, entries ...legendEntry) {
	for _, e := range entries {
		w := textWidth(e.label, smallSize)
		if x+e.width+12+w > Width-margin {
			return
		}
		e.draw(s, x, y)
		s.text(x+e.width+12, y, smallSize, left, s.muted, e.label)
		x += e.width + 12 + w + 36
	}
}

// legendWidth returns the width of the entries in pixels.
func legendWidth(entries []legendEntry) (w int) {
	for _, e := range entries {
		w += e.width + 12 + textWidth(e.label, smallSize) + 36
	}
	return max(w-36, 0)
}

// lookEntries are the legend for dots of different looks; none if nothing is known of any.
func lookEntries(looks []Look) (entries []legendEntry) {
	for i, label := range []string{"person", "unclear", "attacker"} {
		if look := Person + Look(i); slices.Contains(looks, look) {
			entries = append(entries, dotEntry(look, label))
		}
	}
	return entries
}

// countedLooks is lookEntries with the number of each look.
func countedLooks(looks []Look) (entries []legendEntry) {
	for i, labels := range [][2]string{
		{" looks like a person", " look like people"},
		{" unclear", " unclear"},
		{" looks like an attacker", " look like attackers"},
	} {
		look, n := Person+Look(i), 0
		for _, l := range looks {
			if l == look {
				n++
			}
		}
		if n > 0 {
			entries = append(entries, dotEntry(look, grouped(int64(n))+labels[min(n-1, 1)]))
		}
	}
	return entries
}

// corners are those of a slanted band: its left side is at y0, its right side at y1.
func corners(x0, y0, x1, y1, thick int) []image.Point {
	return []image.Point{image.Pt(x0, y0), image.Pt(x1, y1), image.Pt(x1, y1+thick), image.Pt(x0, y0+thick)}
}
