package charts

import (
	"cmp"
	"slices"
	"time"
)

// LevelChart shows numbers that rise and fall, as steps: a row for each series, each on a scale of its own, with its
// value now and its greatest.
type LevelChart struct {
	Head
	Times  []time.Time // as those of a TimeChart
	End    time.Time
	Series []Series
	Now    string // stands before the value now; "" is "now"
	Theme  Theme
	Empty  string // the text if all values are zero; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c LevelChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c LevelChart) SVG() ([]byte, error) { return c.plan().svg() }

// Sizes of a LevelChart in pixels.
const (
	mostLevelPitch = 160
	levelLeft      = 344
)

func (c LevelChart) layers(t Theme) layers {
	l := newLayers(t, c.Times, c.End, c.Series)
	l.series = slices.DeleteFunc(l.series, func(s layer) bool { return s.sum == 0 })
	slices.SortStableFunc(l.series, func(a, b layer) int { // friends first, others last, else the most now
		return cmp.Or(rank(a)-rank(b), cmp.Compare(b.now, a.now),
			cmp.Compare(b.sum, a.sum))
	})
	return l
}

func rank(l layer) int {
	switch {
	case l.series.Friends:
		return 0
	case l.folded > 0:
		return 2
	}
	return 1
}

func (c LevelChart) plan() plan {
	t := c.Theme.orLight()
	l := c.layers(t)
	if l.empty() {
		return blank(t, c.Head, c.Empty)
	}
	head := c.lay()
	top, pitch := head.bottom()+16, 0
	pitch = min((Height-72-top)/len(l.series), mostLevelPitch)
	return plan{height: top + pitch*len(l.series) + 72, theme: t, draw: func(s *sheet) {
		head.draw(s)
		for i, one := range l.series {
			p := plot{
				x0: levelLeft, x1: Width - margin, y0: top + i*pitch + 16, y1: top + (i+1)*pitch - 8,
				from: l.edges[0], to: l.edges[l.bins()], end: max(slices.Max(one.values), 1),
			}
			c.row(s, p, l, one)
			if i == len(l.series)-1 {
				p.times(s, p.from, p.to, l.edges[1].Sub(l.edges[0]))
			}
		}
	}}
}

// row draws the steps of a series, and its name and figures to the left.
func (c LevelChart) row(s *sheet, p plot, l layers, one layer) {
	name := s.ink
	if one.series.Friends {
		name = s.friendText
	}
	middleLine := (p.y0 + p.y1) / 2
	s.text(margin, middleLine-16, smallSize, left, name, fit(one.name, smallSize, levelLeft-margin-16))
	words := cmp.Or(c.Now, "now") + " " + amount(one.now) + ", most " + amount(slices.Max(one.values))
	s.text(margin, middleLine+17, smallSize, left, s.muted, fit(words, smallSize, levelLeft-margin-16))
	s.rect(p.x0, p.y0, p.x1, p.y1, s.band)
	joined := layers{edges: l.edges, series: []layer{one}}.join(p.x1-p.x0, true)
	for i, v := range joined.series[0].values {
		if v > 0 {
			s.rect(p.x(joined.edges[i]), min(p.y(v), p.y1-2), p.x(joined.edges[i+1]), p.y1, one.colour)
		}
	}
	s.rect(p.x0, p.y1, p.x1, p.y1+2, s.muted)
}
