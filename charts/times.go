package charts

import (
	"cmp"
	"slices"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// maxSeries is how many series of a TimeChart have their own colour; more could not be told apart.
const maxSeries = 8

// Series is one line or layer of a TimeChart.
type Series struct {
	Name   string
	Values []float64 // one for each of Times; missing, negative or invalid ones count as 0
	Accent bool      // drawn in the accent colour, like Friendly bars
}

// TimeChart shows numbers over time, above a table of the last, least, mean and greatest value of each series.
//
// It shows the greatest eight series, and the rest as one. The width of a bin is proportional to its length, so that
// days of 23 and 25 hours are drawn correctly.
type TimeChart struct {
	Title    string
	Subtitle string // up to two lines

	// Times are the starts of the bins, ascending. Days and hours are in the time zone of the first. A bin that does
	// not begin after the previous one is left out.
	Times []time.Time

	// End is the end of the last bin; zero: the bin is as long as the previous one. A single bin is then a day if it
	// begins at midnight, else an hour.
	End time.Time

	Series  []Series
	Stacked bool // true: values are amounts in the bins, drawn in stacked layers; false: levels, drawn as lines
	Theme   Theme
	Empty   string // the text if all values are zero; "" is "No bans in this period"
}

// PNG returns the chart as a picture of 1280x800 pixels.
func (c TimeChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c TimeChart) SVG() ([]byte, error) { return c.plan().svg() }

func (c TimeChart) plan() plan {
	t := c.Theme.orLight()
	l := c.layers(t)
	if l.empty() {
		return blank(t, c.Title, c.Subtitle, c.Empty)
	}
	return plan{height: Height, theme: t, draw: func(s *sheet) {
		top := s.header(c.Title, c.Subtitle)
		table := l.table(c.Stacked)
		bottom := Height - 24 - rowHeight*len(table)
		newPlot(l, top+12, bottom-56, c.Stacked).draw(s, l)
		s.table(table, bottom)
	}}
}

// layer is one series, ready to be drawn.
type layer struct {
	name   string
	colour drawing.Color
	values []float64
	sum    float64
	accent bool
}

// layers is the valid part of a TimeChart: ascending edges, one more than bins, and a value for each bin.
type layers struct {
	edges  []time.Time
	series []layer // greatest first
}

func (l layers) bins() int { return max(len(l.edges)-1, 0) }

func (l layers) empty() bool {
	return l.bins() == 0 || !slices.ContainsFunc(l.series, func(s layer) bool { return s.sum > 0 })
}

func (c TimeChart) layers(t Theme) (l layers) {
	keep := c.validBins()
	if len(keep) == 0 {
		return l
	}
	zone := c.Times[keep[0]].Location()
	for _, i := range keep {
		l.edges = append(l.edges, c.Times[i].In(zone))
	}
	l.edges = append(l.edges, c.end(l.edges))

	for _, s := range c.Series {
		n := layer{name: s.Name, values: make([]float64, len(keep)), accent: s.Accent}
		for k, i := range keep {
			if i < len(s.Values) {
				n.values[k] = drawable(s.Values[i])
			}
			n.sum += n.values[k]
		}
		l.series = append(l.series, n)
	}
	slices.SortStableFunc(l.series, func(a, b layer) int {
		return cmp.Or(cmp.Compare(b.sum, a.sum), cmp.Compare(a.name, b.name))
	})
	l.foldSeries()
	for i := range l.series {
		switch {
		case l.series[i].accent:
			l.series[i].colour = t.accent
		case i < maxSeries:
			l.series[i].colour = t.series[i]
		default:
			l.series[i].colour = t.unknown
		}
	}
	return l
}

// validBins returns the indices of the bins that begin after the previous valid one.
func (c TimeChart) validBins() (keep []int) {
	for i, at := range c.Times {
		if len(keep) == 0 || at.After(c.Times[keep[len(keep)-1]]) {
			keep = append(keep, i)
		}
	}
	return keep
}

func (c TimeChart) end(starts []time.Time) time.Time {
	last := starts[len(starts)-1]
	switch {
	case c.End.After(last):
		return c.End.In(last.Location())
	case len(starts) > 1:
		return last.Add(last.Sub(starts[len(starts)-2]))
	}
	if last.Hour() == 0 && last.Minute() == 0 {
		return last.AddDate(0, 0, 1)
	}
	return last.Add(time.Hour)
}

// foldSeries adds up all series beyond the greatest maxSeries, unless that is only one.
func (l *layers) foldSeries() {
	if len(l.series) <= maxSeries+1 {
		return
	}
	rest := sumOf(l.series[maxSeries:], l.bins())
	rest.name = grouped(int64(len(l.series)-maxSeries)) + " others"
	l.series = append(l.series[:maxSeries:maxSeries], rest)
}

func sumOf(series []layer, bins int) layer {
	sum := layer{values: make([]float64, bins)}
	for _, s := range series {
		for i, v := range s.values {
			sum.values[i] += v
		}
		sum.sum += s.sum
	}
	return sum
}
