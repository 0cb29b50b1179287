package charts

import (
	"math"
	"slices"
	"time"
)

// plot is the plot area of a chart over time.
type plot struct {
	x0, y0, x1, y1 int // pixels
	from, to       time.Time
	step, end      float64 // of the value axis
	cut            bool    // columns above end are broken
}

// Sizes of a TimeChart in pixels.
const (
	plotLeft    = 304 // the legend is to the left of it
	leastColumn = 4
)

func newPlot(l layers, top, bottom int) plot {
	var sums []float64
	least := 1.0
	for i := range l.bins() {
		sum := 0.0
		for _, s := range l.series {
			sum += s.values[i]
			if s.values[i] != math.Trunc(s.values[i]) {
				least = 0 // not counts: marks between whole numbers make sense
			}
		}
		sums = append(sums, sum)
	}
	p := plot{y0: top, y1: bottom, x0: plotLeft, from: l.edges[0], to: l.edges[len(l.edges)-1]}
	full, most := burst(sums, 6), slices.Max(sums)
	if p.cut = full < most; p.cut {
		p.y0 += 40 // for the figures of broken columns
	}
	p.step, p.end = scale(full, least, max((p.y1-p.y0)/70, 2))
	p.x1 = Width - margin - maxTextWidth(smallSize, p.axisLabels()...) - 8
	return p
}

// axisLabels returns the texts along the value axis, from 0 up.
func (p plot) axisLabels() (texts []string) {
	for i := range int(math.Round(p.end/p.step)) + 1 {
		texts = append(texts, axisLabel(float64(i)*p.step))
	}
	return texts
}

func axisLabel(v float64) string {
	if v >= 1e5 || v != math.Trunc(v) && v < 10 {
		return short(v)
	}
	return grouped(int64(v + 0.5))
}

func (p plot) x(t time.Time) int {
	return p.x0 + int(math.Round(float64(p.x1-p.x0)*(t.Sub(p.from).Seconds()/p.to.Sub(p.from).Seconds())))
}

func (p plot) y(v float64) int {
	return p.y1 - int(math.Round(float64(p.y1-p.y0)*min(v/p.end, 1)))
}

func (p plot) draw(s *sheet, l layers) {
	for i, words := range p.axisLabels() {
		y := p.y(float64(i) * p.step)
		s.rect(p.x0, y, p.x1, y+2, s.grid)
		s.text(Width-margin, y, smallSize, right, s.muted, words)
	}
	p.columns(s, l)
	s.rect(p.x0, p.y1, p.x1, p.y1+2, s.muted)
	p.times(s, p.from, p.to, l.edges[1].Sub(l.edges[0]))
	p.legend(s, l)
}

// columns draws each series on top of the previous ones.
func (p plot) columns(s *sheet, l layers) {
	figures := 0 // where the last figure ends
	for i := range l.bins() {
		x0, x1 := p.column(p.x(l.edges[i]), p.x(l.edges[i+1]))
		sum := 0.0
		for _, one := range l.series {
			sum += one.values[i]
		}
		shrink := 1.0
		if sum > p.end {
			shrink = p.end / sum
		}
		foot, low, unfinished := p.y1, 0.0, l.unfinished(i)
		for _, one := range l.series {
			if one.values[i] <= 0 {
				continue
			}
			low += one.values[i] * shrink
			top := min(p.y(low), foot-1)
			gap := 0
			if foot-top > 4 && foot < p.y1 {
				gap = 2
			}
			if unfinished {
				s.stripes(x0, top, x1, foot-gap, one.colour)
			} else {
				s.rect(x0, top, x1, foot-gap, one.colour)
			}
			foot = top
		}
		if sum > p.end {
			s.breakColumn(x0, x1, p.y0+(p.y1-p.y0)/8)
			words := grouped(int64(sum + 0.5))
			half := textWidth(words, smallSize)/2 + 1
			x := min(max((x0+x1)/2, p.x0+half), Width-margin-half)
			if p.cut && x-half > figures {
				s.text(x, p.y0-24, smallSize, middle, s.ink, words)
				figures = x + half + 8
			}
		}
	}
}

// column returns the left and right side of a bin's column: with a gap beside it if there is room, and not so wide that
// it would look like a mistake.
func (p plot) column(x0, x1 int) (from, to int) {
	gap := 0
	switch each := x1 - x0; {
	case each >= 24:
		gap = 6
	case each >= 12:
		gap = 3
	case each >= 6:
		gap = 2
	case each >= 4:
		gap = 1
	}
	const most = 160
	mid, half := (x0+x1)/2, min(x1-x0-gap, most)/2
	if x1-x0-gap <= most {
		return x0 + gap/2, max(x1-(gap+1)/2, x0+gap/2+1)
	}
	return mid - half, mid + half
}

// breakColumn draws a slanted gap over a column that is higher than drawn.
func (s *sheet) breakColumn(x0, x1, y int) {
	for _, dy := range []int{0, 12} {
		s.area(s.paper, corners(x0-2, y+dy+4, x1+2, y+dy-4, 6)...)
	}
}

// legend names the layers from the top of the stack down, with their sums.
func (p plot) legend(s *sheet, l layers) {
	pitch := min((p.y1-p.y0+12)/len(l.series), 72)
	for i, one := range slices.Backward(l.series) {
		y := p.y0 + 4 + (len(l.series)-1-i)*pitch
		s.rect(margin, y-13, margin+26, y+13, one.colour)
		name, value := s.ink, s.muted
		if one.series.Friends {
			name, value = s.friendText, s.friendText
		}
		if one.folded > 1 {
			name = s.muted
		}
		room := plotLeft - margin - 38 - 12
		if pitch >= 57 {
			s.text(margin+38, y, smallSize, left, name, fit(one.name, smallSize, room))
			s.text(margin+38, y+31, smallSize, left, value, amount(one.sum))
			continue
		}
		s.text(margin+38, y, smallSize, left, name, fit(one.name, smallSize, room))
	}
}
