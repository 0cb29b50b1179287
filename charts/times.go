package charts

import (
	"slices"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Series is one layer of a TimeChart, or one row of a LevelChart.
type Series struct {
	Name    string
	Values  []float64 // one for each of Times; missing, negative or invalid ones count as 0
	Slot    int       // of its colour, 1 to Slots; any other is folded with others
	Friends bool      // it is about friends, and has their colour
	Rest    bool      // it is everybody who is no friend, and grey
	Now     float64   // of a LevelChart: the value now, after the last of Values
}

// Dot is one ban of a friend.
type Dot struct {
	At   time.Time
	Name string // of its row, such as a jail
	Look Look
}

// TimeChart shows amounts in bins of time as stacked columns, and the bans of friends as dots beneath them, a row for
// each name.
//
// A column is as wide as its bin is long, so that days of 23 and 25 hours are drawn right; bins that are shorter than
// the others, such as the one that is not over, are striped. Columns that dwarf the rest are broken, and have their
// figure above them.
type TimeChart struct {
	Head

	// Times are the starts of the bins, ascending. Days and hours are in the time zone of the first. A bin that does
	// not begin after the previous one is left out.
	Times []time.Time

	// End is the end of the last bin; zero: the bin is as long as the previous one. A single bin is then a day if it
	// begins at midnight, else an hour.
	End time.Time

	Whole  time.Duration // how long a bin is that is whole; 0: as long as the longest
	Series []Series
	Dots   []Dot
	Theme  Theme
	Empty  string // the text if all values are zero; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c TimeChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c TimeChart) SVG() ([]byte, error) { return c.plan().svg() }

func (c TimeChart) plan() plan {
	t := c.Theme.orLight()
	l := c.layers(t).join((Width-margin-plotLeft)/leastColumn, false)
	if l.empty() {
		return blank(t, c.Head, c.Empty)
	}
	strip := newStrip(c.Dots, l.edges, 3)
	head := c.lay(strip.legend()...)
	return plan{height: Height, theme: t, draw: func(s *sheet) {
		head.draw(s)
		bottom := Height - 36 - strip.height()
		p := newPlot(l, head.bottom()+30, bottom-48)
		p.draw(s, l)
		if len(strip.rows) > 0 {
			s.rect(margin, bottom, Width-margin, bottom+2, s.grid)
			strip.draw(s, p, bottom+8)
		}
	}}
}

// layer is one series, ready to be drawn.
type layer struct {
	name   string
	colour drawing.Color
	values []float64
	sum    float64
	series Series
	now    float64
	folded int // how many series are in it, if more than one
}

// layers is the valid part of a chart over time: ascending edges, one more than bins, and a value for each bin.
type layers struct {
	edges  []time.Time
	series []layer // in the order of a stack, from the bottom up
	whole  time.Duration
}

func (l layers) bins() int { return max(len(l.edges)-1, 0) }

func (l layers) empty() bool {
	return l.bins() == 0 || !slices.ContainsFunc(l.series, func(s layer) bool { return s.sum > 0 })
}

// unfinished reports whether a bin is the first or the last and shorter than the others. Days of 23 hours, and weeks
// with one, are not.
func (l layers) unfinished(bin int) bool {
	if bin > 0 && bin < l.bins()-1 {
		return false // it begins and ends with others
	}
	longest := l.whole
	for i := range l.bins() {
		longest = max(longest, l.edges[i+1].Sub(l.edges[i]))
	}
	return l.edges[bin+1].Sub(l.edges[bin]) < longest*9/10 // February is shorter than March
}

func (c TimeChart) layers(t Theme) layers {
	l := newLayers(t, c.Times, c.End, c.Series)
	l.whole = c.Whole
	return l
}

func newLayers(t Theme, times []time.Time, end time.Time, all []Series) (l layers) {
	keep := validBins(times)
	if len(keep) == 0 {
		return l
	}
	zone := times[keep[0]].Location()
	for _, i := range keep {
		l.edges = append(l.edges, times[i].In(zone))
	}
	l.edges = append(l.edges, endOf(l.edges, end))

	var others []layer
	for _, s := range all {
		n := layer{name: s.Name, values: make([]float64, len(keep)), now: drawable(s.Now), series: s}
		for k, i := range keep {
			if i < len(s.Values) {
				n.values[k] = drawable(s.Values[i])
			}
			n.sum += n.values[k]
		}
		switch {
		case s.Friends:
			n.colour = t.friend
		case s.Rest:
			n.colour = t.bar
		case s.Slot >= 1 && s.Slot <= Slots && !slices.ContainsFunc(l.series, func(o layer) bool {
			return o.series.Slot == s.Slot && !o.series.Friends && !o.series.Rest
		}):
			n.colour = t.slot(s.Slot)
		default:
			others = append(others, n)
			continue
		}
		l.series = append(l.series, n)
	}
	if len(others) > 0 {
		rest := sumOf(others, l.bins())
		if rest.name, rest.folded = others[0].name, len(others); len(others) > 1 {
			rest.name = grouped(int64(len(others))) + " others"
		}
		rest.colour = t.rest
		l.series = append(l.series, rest)
	}
	return l
}

// validBins returns the indices of the bins that begin after the previous valid one.
func validBins(times []time.Time) (keep []int) {
	for i, at := range times {
		if len(keep) == 0 || at.After(times[keep[len(keep)-1]]) {
			keep = append(keep, i)
		}
	}
	return keep
}

func endOf(starts []time.Time, end time.Time) time.Time {
	last := starts[len(starts)-1]
	switch {
	case end.After(last):
		return end.In(last.Location())
	case len(starts) > 1:
		return last.Add(last.Sub(starts[len(starts)-2]))
	}
	if last.Hour() == 0 && last.Minute() == 0 {
		return last.AddDate(0, 0, 1)
	}
	return last.Add(time.Hour)
}

func sumOf(series []layer, bins int) layer {
	sum := layer{values: make([]float64, bins)}
	for _, s := range series {
		for i, v := range s.values {
			sum.values[i] += v
		}
		sum.sum, sum.now = sum.sum+s.sum, sum.now+s.now
	}
	return sum
}

// join joins runs of bins until there are at most most, with the sum or the greatest of their values.
func (l layers) join(most int, greatest bool) layers {
	bins := l.bins()
	k := (bins + most - 1) / most
	if k <= 1 {
		return l
	}
	joined := layers{whole: l.whole * time.Duration(min(k, 10_000))}
	for i := 0; i < bins; i += k {
		joined.edges = append(joined.edges, l.edges[i])
	}
	joined.edges = append(joined.edges, l.edges[bins])
	for _, s := range l.series {
		values := s.values
		s.values = nil
		for part := range slices.Chunk(values, k) {
			v := 0.0
			for _, one := range part {
				if v += one; greatest {
					v = slices.Max(part)
				}
			}
			s.values = append(s.values, v)
		}
		joined.series = append(joined.series, s)
	}
	return joined
}
