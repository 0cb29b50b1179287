package charts

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Cell is one hour of a HeatMap.
type Cell struct {
	Value      float64 // below 0 and NaN count as 0
	Shown      bool    // false: the hour is not in the period
	Unfinished bool    // the period has only part of the hour
	Dots       []Look  // bans of friends in the hour
}

// HeatRow is a row of a HeatMap.
type HeatRow struct {
	Name  string
	Total string // stands to the right
	Cells [24]Cell
}

// HeatMap shows a value for each hour of the day, in rows: days, or days of the week.
type HeatMap struct {
	Head
	Rows  []HeatRow // up to eight
	Unit  string    // what a value is; "" is "bans an hour"
	Theme Theme
	Empty string // the text if all values are zero; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c HeatMap) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c HeatMap) SVG() ([]byte, error) { return c.plan().svg() }

const mostHeatRows = 8

func (c HeatMap) rows() []HeatRow { return c.Rows[:min(len(c.Rows), mostHeatRows)] }

func (c HeatMap) values() (all []float64) {
	for _, row := range c.rows() {
		for _, cell := range &row.Cells {
			if cell.Shown {
				all = append(all, drawable(cell.Value))
			}
		}
	}
	return all
}

func (c HeatMap) looks() (looks []Look) {
	for _, row := range c.rows() {
		for _, cell := range &row.Cells {
			looks = append(looks, cell.Dots...)
		}
	}
	return looks
}

func (c HeatMap) plan() plan {
	t := c.Theme.orLight()
	sc := newClasses(c.values())
	if sc.most == 0 {
		return blank(t, c.Head, c.Empty)
	}
	head := c.lay(lookEntries(c.looks())...)
	top := head.bottom() + 24
	rows := c.rows()
	cellHeight := min((Height-top-140)/len(rows), 72)
	return plan{height: top + cellHeight*len(rows) + 140, theme: t, draw: func(s *sheet) {
		head.draw(s)
		var names, totals []string
		for _, row := range rows {
			names = append(names, fit(row.Name, smallSize, 160))
			totals = append(totals, fit(row.Total, smallSize, 160))
		}
		x0 := margin + maxTextWidth(smallSize, names...) + 20
		width := (Width - margin - x0 - maxTextWidth(smallSize, totals...) - 20) / 24
		for i, row := range rows {
			y := top + i*cellHeight
			s.text(margin, y+cellHeight/2, smallSize, left, s.ink, names[i])
			s.text(Width-margin, y+cellHeight/2, smallSize, right, s.muted, totals[i])
			for h, cell := range &row.Cells {
				s.cell(cell, sc, x0+h*width, y, width-2, cellHeight-2)
			}
		}
		y := top + len(rows)*cellHeight + 26
		for h := 0; h < 24; h += 3 {
			s.text(x0+h*width, y, smallSize, left, s.muted, strconv.Itoa(h)+":00")
		}
		s.classLegend(margin, y+58, cmp.Or(c.Unit, "bans an hour"), sc)
	}}
}

// cell draws an hour: its shade, striped if it is unfinished, and the bans of friends.
func (s *sheet) cell(c Cell, sc classes, x, y, w, h int) {
	if !c.Shown {
		return
	}
	if colour := sc.colour(s.Theme, c.Value); c.Unfinished {
		s.stripes(x, y, x+w, y+h, colour)
	} else {
		s.rect(x, y, x+w, y+h, colour)
	}
	s.cellDots(c.Dots, x+w/2, y+h/2, w, h)
}

// cellDots draws bans of friends above each other, on rings of paper; or their number, where there are too many for the
// height; or a full square, where that is too wide.
func (s *sheet) cellDots(dots []Look, x, y, w, h int) {
	const r = 9.5
	if len(dots) == 0 {
		return
	}
	if most := (h + 4) / 23; len(dots) > max(most, 1) {
		words := grouped(int64(len(dots)))
		if half := textWidth(words, smallSize)/2 + 2; 2*half <= w {
			s.rect(x-half, y-15, x+half, y+15, s.friendText)
			s.text(x, y, smallSize, middle, s.paper, words)
			return
		}
		s.rect(x-14, y-14, x+14, y+14, s.paper)
		s.rect(x-12, y-12, x+12, y+12, s.friend)
		return
	}
	for i, look := range dots {
		dy := i*23 - (len(dots)-1)*23/2
		s.disc(x, y+dy, r+2.5, s.paper)
		s.dot(x, y+dy, r, look)
	}
}

// classes are up to six ranges of values, with a colour each.
type classes struct {
	bounds []float64 // lower bounds, ascending; the first is above 0
	most   float64
}

// newClasses returns even ranges that span the values, from 0 on unless the least is far above it.
func newClasses(values []float64) (sc classes) {
	least := math.Inf(1)
	for _, v := range values {
		if sc.most = max(sc.most, v); v > 0 {
			least = min(least, v)
		}
	}
	if sc.most == 0 {
		return sc
	}
	from := 0.0
	if least > sc.most/2 {
		from = least
	}
	whole := true
	for _, v := range values {
		whole = whole && v == math.Trunc(v)
	}
	if whole && median(values) < sc.most/8 { // few great values: even ranges would put all others in one
		return geometric(sc.most)
	}
	step := niceStep((sc.most-from)/6, whole)
	from = math.Floor(from/step) * step
	if whole && from == 0 {
		from = 1 // 1 to 2, 3 to 4
	}
	for b := from; b <= sc.most && len(sc.bounds) < 6; b += step {
		sc.bounds = append(sc.bounds, b)
	}
	return sc
}

// median returns the middle one of the values above 0.
func median(values []float64) float64 {
	var some []float64
	for _, v := range values {
		if v > 0 {
			some = append(some, v)
		}
	}
	slices.Sort(some)
	return some[len(some)/2]
}

// geometric returns up to six ranges from 1 to most, each a few times as wide as the one before: 1–2, 3–9, 10–29.
func geometric(most float64) (sc classes) {
	sc.most = most
	ratio := math.Pow(most, 1.0/6)
	for b := 1.0; b <= most && len(sc.bounds) < 6; {
		sc.bounds = append(sc.bounds, b)
		b = max(niceStep(b*ratio, true), b+1)
	}
	return sc
}

// niceStep returns the least step not below v of 1, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten.
func niceStep(v float64, whole bool) float64 {
	if whole && v <= 1 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(max(v, 1e-9))))
	for _, m := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20} {
		if step := m * power; step >= v*(1-1e-9) && (!whole || step == math.Trunc(step)) {
			return step
		}
	}
	return 20 * power
}

// of returns the class of a value, -1 for none.
func (sc classes) of(v float64) int {
	if v = drawable(v); v <= 0 {
		return -1
	}
	class := 0
	for i, b := range sc.bounds {
		if v >= b*(1-1e-12) {
			class = i
		}
	}
	return class
}

func (sc classes) colour(t Theme, v float64) drawing.Color {
	class := sc.of(v)
	if class < 0 {
		return t.band
	}
	return t.ramp[class]
}

// labels are the ranges in words; the last one ends with the greatest value.
func (sc classes) labels(format func(float64) string) (labels []string) {
	for i, b := range sc.bounds {
		to := math.Ceil(sc.most)
		if i+1 < len(sc.bounds) {
			to = sc.bounds[i+1]
			if b == math.Trunc(b) && to == math.Trunc(to) && sc.bounds[0] >= 1 {
				to--
			}
		}
		label := format(b) + "–" + format(to)
		if format(b) == format(to) {
			label = format(b)
		}
		labels = append(labels, label)
	}
	return labels
}

// classLegend prints the classes with their colours, shortened until they fit, after other entries.
func (s *sheet) classLegend(x, y int, unit string, sc classes, more ...legendEntry) {
	unit = fit(unit, smallSize, 300)
	fromUnit := unit + " from"
	room := Width - margin - x - textWidth(unit, smallSize) - 24
	entries := func(labels []string) []legendEntry {
		all := slices.Clone(more)
		for i, label := range labels {
			all = append(all, swatch(s.ramp[i], label))
		}
		return all
	}
	all := entries(sc.labels(amount))
	for _, format := range []func(float64) string{amount, short} { // lower bounds alone
		if legendWidth(all) > room {
			var labels []string
			for _, b := range sc.bounds {
				labels = append(labels, format(b))
			}
			all = entries(labels)
			unit, room = fromUnit, Width-margin-x-textWidth(fromUnit, smallSize)-24
		}
	}
	s.text(x, y, smallSize, left, s.muted, unit)
	s.legend(x+textWidth(unit, smallSize)+24, y, all...)
}
