package charts

import (
	"math"
	"slices"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// rowHeight is the distance between rows of a table in pixels.
const rowHeight = 29

// tableRow is a row of the table under a TimeChart; the first contains the headings.
type tableRow struct {
	name   string
	colour drawing.Color // zero: no swatch
	cells  []string
}

// table returns the last, least, mean and greatest value of each series, and of their sum if they are stacked.
func (l layers) table(stacked bool) []tableRow {
	table := []tableRow{{cells: []string{"now", "min", "mean", "max"}}}
	whole := l.fullBins(stacked)
	for _, s := range l.series {
		table = append(table, s.row(whole))
	}
	if stacked && len(l.series) > 1 {
		sum := sumOf(l.series, l.bins())
		sum.name = "All"
		table = append(table, sum.row(whole))
	}
	return table
}

// fullBins returns the indices of the bins of full length. An amount so far today does not mean a quiet day, and must
// not count as the least or in the mean. Days of 23 hours, and weeks with one, are full, and so are all bins of levels.
func (l layers) fullBins(stacked bool) (bins []int) {
	var longest time.Duration
	for i := range l.bins() {
		longest = max(longest, l.edges[i+1].Sub(l.edges[i]))
	}
	for i := range l.bins() {
		if !stacked || l.edges[i+1].Sub(l.edges[i]) >= longest*9/10 {
			bins = append(bins, i)
		}
	}
	return bins
}

func (s layer) row(whole []int) tableRow {
	least, sum := math.Inf(1), 0.0
	for _, i := range whole {
		least, sum = min(least, s.values[i]), sum+s.values[i]
	}
	return tableRow{name: s.name, colour: s.colour, cells: []string{
		amount(s.values[len(s.values)-1]), amount(least), amount(sum / float64(len(whole))),
		amount(slices.Max(s.values)),
	}}
}

func (s *sheet) table(table []tableRow, top int) {
	const (
		size   = smallSize + 1
		column = 150
		swatch = 20
	)
	first := Width - margin - column*len(table[0].cells)
	for i, row := range table {
		y := top + i*rowHeight + rowHeight/2
		colour := s.ink
		if i == 0 {
			colour = s.muted
		}
		if !row.colour.IsZero() {
			s.rect(margin, y-swatch/2, margin+swatch, y+swatch/2, row.colour)
		} else if i > 0 {
			s.rect(margin, y-rowHeight/2, Width-margin, y-rowHeight/2+1, s.grid)
		}
		s.text(margin+swatch+14, y, size, left, colour, fit(row.name, size, first-margin-swatch))
		for k, cell := range row.cells {
			s.text(first+(k+1)*column, y, size, right, colour, cell)
		}
	}
}
