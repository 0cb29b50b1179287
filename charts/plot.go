package charts

import (
	"image"
	"math"
	"slices"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// plot is the plot area of a TimeChart.
type plot struct {
	x0, y0, x1, y1 int // pixels
	from, to       time.Time
	step, end      float64 // of the value axis
	stacked        bool
}

func newPlot(l layers, top, bottom int, stacked bool) plot {
	least := 1.0
	greatest := 0.0
	for i := range l.bins() {
		sum := 0.0
		for _, s := range l.series {
			v := s.values[i]
			if stacked {
				sum += v
			} else {
				sum = max(sum, v)
			}
			if v != math.Trunc(v) {
				least = 0 // not counts: marks between whole numbers make sense
			}
		}
		greatest = max(greatest, sum)
	}
	p := plot{y0: top, y1: bottom, x1: Width - margin, from: l.edges[0], to: l.edges[len(l.edges)-1], stacked: stacked}
	p.step, p.end = scale(greatest, least, max((bottom-top)/62, 2))
	p.x0 = margin + maxTextWidth(smallSize, p.axisLabels()...) + 12
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
	if v >= 1e6 || v != math.Trunc(v) && v < 10 {
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
		s.rect(p.x0, y, p.x1, y+1, s.grid)
		s.text(p.x0-12, y, smallSize, right, s.muted, words)
	}
	p.times(s, l)
	edges, series := l.downsample((p.x1 - p.x0) / 2)
	xs := make([]int, len(edges))
	for i, at := range edges {
		xs[i] = p.x(at)
	}
	if p.stacked {
		p.stack(s, xs, series)
	} else {
		p.lines(s, xs, series)
	}
	s.rect(p.x0, p.y1, p.x1, p.y1+2, s.muted)
}

// stack draws each series on top of the previous ones, as columns if there is room to tell them apart, else as areas.
func (p plot) stack(s *sheet, xs []int, series []layer) {
	low := make([]float64, len(xs)-1)
	for _, one := range series {
		high := make([]float64, len(low))
		for i, v := range one.values {
			high[i] = low[i] + v
		}
		if gap := p.gap(len(low)); gap > 0 {
			p.columns(s, one.colour, gap, xs, low, high)
		} else {
			s.area(one.colour, p.outline(xs, low, high)...)
		}
		low = high
	}
}

// gap returns the space between columns in pixels, 0 if there are too many bins for separate columns.
func (p plot) gap(bins int) int {
	each := (p.x1 - p.x0) / bins
	if each < 12 {
		return 0
	}
	return min(max(each/6, 2), 12)
}

func (p plot) columns(s *sheet, c drawing.Color, gap int, xs []int, low, high []float64) {
	const most = 160 // pixels; a single column as wide as the chart would look like a mistake
	for i := range low {
		mid, half := (xs[i]+xs[i+1])/2, min(xs[i+1]-xs[i]-gap, most)/2
		if top, foot := p.y(high[i]), p.y(low[i]); top < foot {
			s.rect(mid-half, top, mid+half, foot, c)
		}
	}
}

// outline returns the shape between low and high, through the centres of the bins and horizontal at both ends.
func (p plot) outline(xs []int, low, high []float64) []image.Point {
	last := len(low) - 1
	points := []image.Point{{X: xs[0], Y: p.y(high[0])}}
	for i, v := range high {
		points = append(points, image.Pt((xs[i]+xs[i+1])/2, p.y(v)))
	}
	points = append(points, image.Pt(xs[last+1], p.y(high[last])), image.Pt(xs[last+1], p.y(low[last])))
	for i, v := range slices.Backward(low) {
		points = append(points, image.Pt((xs[i]+xs[i+1])/2, p.y(v)))
	}
	return append(points, image.Pt(xs[0], p.y(low[0])))
}

// lines draws each series through the centres of its bins, with the greatest on top.
func (p plot) lines(s *sheet, xs []int, series []layer) {
	for _, line := range slices.Backward(series) {
		var points []image.Point
		for b, v := range line.values {
			points = append(points, image.Pt((xs[b]+xs[b+1])/2, p.y(v)))
		}
		if len(points) == 1 {
			points = []image.Point{{X: xs[0], Y: points[0].Y}, {X: xs[1], Y: points[0].Y}}
		}
		s.line(line.colour, 3, points...)
	}
}

// downsample returns the edges and series of at most most bins, by averaging runs of bins.
func (l layers) downsample(most int) ([]time.Time, []layer) {
	bins := l.bins()
	k := (bins + most - 1) / most
	if k <= 1 {
		return l.edges, l.series
	}
	var edges []time.Time
	for i := 0; i < bins; i += k {
		edges = append(edges, l.edges[i])
	}
	edges = append(edges, l.edges[bins])
	series := make([]layer, len(l.series))
	for n, s := range l.series {
		series[n] = s
		series[n].values = nil
		for i := 0; i < bins; i += k {
			part := s.values[i:min(i+k, bins)]
			sum := 0.0
			for _, v := range part {
				sum += v
			}
			series[n].values = append(series[n].values, sum/float64(len(part)))
		}
	}
	return edges, series
}
