//go:build bench

package charts

import (
	"image"
	"math"
	"slices"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// GrowthChart shows how a few quantities grow together, in panels side by side. It is for the program's own benchmarks,
// and not part of the program.
type GrowthChart struct {
	Title    string
	Subtitle string   // up to two lines
	Marks    []string // under the points of every panel, each ten times the previous one
	Panels   []GrowthPanel
	Theme    Theme
}

// GrowthPanel is one of up to three fields of a GrowthChart.
type GrowthPanel struct {
	Title string
	Lines []GrowthLine
	Log   bool // the values have a logarithmic scale, too, so that proportional growth is a straight line
}

// GrowthLine is a line through a value for each mark. Values are above 0.
type GrowthLine struct {
	Name   string // "" if there is only one
	Values []float64
	Labels []string // beside the values; may be missing
	Below  bool     // the labels are below the line
	Faint  bool     // for comparison: thin, without points
}

// Sizes in pixels, larger than in other charts, since there is room.
const (
	panelTitleSize = 30.0
	panelTextSize  = 26.0
	axisSize       = 22.0
)

// PNG returns the chart as a picture of 1280x640 pixels.
func (c GrowthChart) PNG() ([]byte, error) {
	const height, gap = 640, 44
	t := c.Theme.orLight()
	return plan{height: height, theme: t, draw: func(s *sheet) {
		head := Head{Title: c.Title, Subtitle: c.Subtitle}.lay()
		head.draw(s)
		top := head.bottom()
		width := (Width - 2*margin - gap*(len(c.Panels)-1)) / max(len(c.Panels), 1)
		for i, p := range c.Panels {
			x := margin + i*(width+gap)
			p.draw(s, c.Marks, x, top+36, x+width, height-72)
		}
	}}.png()
}

func (p GrowthPanel) draw(s *sheet, marks []string, x0, top, x1, bottom int) {
	s.text(x0, top, panelTitleSize, left, s.ink, fit(p.Title, panelTitleSize, x1-x0))
	legend := x0
	for i, line := range p.Lines {
		if line.Name == "" {
			continue
		}
		s.rect(legend, top+39, legend+18, top+45, p.colour(s, i))
		s.text(legend+26, top+42, axisSize, left, s.muted, line.Name)
		legend += 26 + textWidth(line.Name, axisSize) + 26
	}
	top += 96
	values, words := p.axis()
	x0 += maxTextWidth(axisSize, words...) + 12
	least, greatest := p.height(values[0]), p.height(values[len(values)-1])
	y := func(v float64) int {
		return bottom - int(math.Round(float64(bottom-top)*(p.height(v)-least)/(greatest-least)))
	}
	for i, v := range values {
		s.rect(x0, y(v), x1, y(v)+1, s.grid)
		s.text(x0-12, y(v), axisSize, right, s.muted, words[i])
	}
	each := (x1 - x0) / max(len(marks), 1)
	x := func(i int) int { return x0 + each/2 + i*each }
	for i, mark := range marks {
		s.text(x(i), bottom+32, axisSize, middle, s.muted, mark)
	}
	for n, line := range slices.Backward(p.Lines) {
		colour, stroke := p.colour(s, n), 4.0
		if line.Faint {
			stroke = 2
		}
		for i := 1; i < len(line.Values); i++ {
			s.line(colour, stroke, image.Pt(x(i-1), y(line.Values[i-1])), image.Pt(x(i), y(line.Values[i])))
		}
		for i, v := range line.Values {
			if line.Faint {
				break
			}
			s.rect(x(i)-7, y(v)-7, x(i)+7, y(v)+7, colour)
			if i < len(line.Labels) {
				p.label(s, line, line.Labels[i], x(i), y(v))
			}
		}
	}
}

// label prints a label beside a point where it does not cross the line: to the left of one that rises.
func (p GrowthPanel) label(s *sheet, line GrowthLine, words string, x, y int) {
	switch {
	case line.Below:
		s.text(x, y+28, panelTextSize, middle, s.ink, words)
	case p.Log:
		s.text(x+10, y-28, panelTextSize, right, s.ink, words)
	default:
		s.text(x, y-28, panelTextSize, middle, s.ink, words)
	}
}

// colour returns the colour of the n-th line.
func (p GrowthPanel) colour(s *sheet, n int) drawing.Color {
	if p.Lines[n].Faint {
		return s.rest
	}
	return s.slot(n + 1)
}

// height returns the position of a value on the axis, in any unit.
func (p GrowthPanel) height(v float64) float64 {
	if p.Log {
		return math.Log10(v)
	}
	return v
}

// axis returns the values at which there are marks, at least two, and their labels.
func (p GrowthPanel) axis() (values []float64, words []string) {
	least, greatest := math.Inf(1), 0.0
	for _, line := range p.Lines {
		for _, v := range line.Values {
			least, greatest = min(least, v), max(greatest, v)
		}
	}
	if p.Log {
		for v := math.Pow(10, math.Floor(math.Log10(least))); ; v *= 10 {
			values, words = append(values, v), append(words, amount(math.Round(v*1e6)/1e6))
			if v >= greatest*0.999 && len(values) > 1 {
				return values, words
			}
		}
	}
	step, end := scale(greatest*1.1, 0, 5)
	for v := 0.0; v < end+step/2; v += step {
		values, words = append(values, v), append(words, amount(math.Round(v*1e6)/1e6))
	}
	return values, words
}

// line connects points by a stroke; width is in pixels.
func (s *sheet) line(c drawing.Color, width float64, points ...image.Point) {
	s.ResetStyle()
	s.SetStrokeColor(c)
	s.SetStrokeWidth(width)
	s.trace(points)
	s.Stroke()
}
