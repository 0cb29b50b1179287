package charts

import (
	"cmp"
	"slices"
	"time"
)

// strip is the bans of friends under a plot: a row for each name, a dot for each ban.
type strip struct {
	rows  []stripRow
	edges []time.Time
}

type stripRow struct {
	name  string
	cells [][]Look // by bin
	total int

	folded bool // it stands for several names
}

// Sizes of a strip in pixels.
const (
	stripPitch = 57
	dotRadius  = 8.5
	leastDot   = 4.0 // a smaller dot is none on a phone
	leastStrip = 5.5 // in a strip, where a full column can take their place
)

// newStrip sorts dots into rows of bins: the most rows with most dots, the last of which stands for others if there are
// more names.
func newStrip(dots []Dot, edges []time.Time, most int) strip {
	st := strip{edges: edges}
	byName := map[string]*stripRow{}
	for _, d := range dots {
		i, found := slices.BinarySearchFunc(edges, d.At, time.Time.Compare)
		if !found {
			i--
		}
		if i < 0 || i >= len(edges)-1 {
			continue
		}
		row := byName[d.Name]
		if row == nil {
			row = &stripRow{name: d.Name, cells: make([][]Look, len(edges)-1)}
			byName[d.Name] = row
		}
		row.cells[i] = append(row.cells[i], d.Look)
		row.total++
	}
	for _, row := range byName {
		st.rows = append(st.rows, *row)
	}
	slices.SortFunc(st.rows, func(a, b stripRow) int {
		return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(a.name, b.name))
	})
	if n := len(st.rows) - most + 1; len(st.rows) > most {
		rest := stripRow{name: grouped(int64(n)) + " others", folded: true, cells: make([][]Look, len(edges)-1)}
		for _, row := range st.rows[most-1:] {
			rest.total += row.total
			for i, cell := range row.cells {
				rest.cells[i] = append(rest.cells[i], cell...)
			}
		}
		st.rows = append(st.rows[:most-1:most-1], rest)
	}
	return st
}

func (st strip) height() int { return len(st.rows)*stripPitch + 8*min(len(st.rows), 1) }

func (st strip) legend() []legendEntry { return lookEntries(st.looks()) }

// looks are those of all dots.
func (st strip) looks() (looks []Look) {
	for _, row := range st.rows {
		looks = append(looks, slices.Concat(row.cells...)...)
	}
	return looks
}

// grain is how the dots of a strip are packed: all of it in the same way.
type grain struct {
	radius        float64
	rows, columns int // of dots in a cell
	most          int // dots in a cell
	full          int // cells with more dots than have room
	used          int // cells with dots
}

// tight reports whether most cells have no room for their dots.
func (g grain) tight() bool { return 2*g.full > g.used }

func (st strip) grain(p plot) (g grain) {
	width := 0.0
	for i := range len(st.edges) - 1 {
		width = max(width, float64(p.x(st.edges[i+1])-p.x(st.edges[i]))) // the last bin may not be over
		for _, row := range st.rows {
			g.most = max(g.most, len(row.cells[i]))
		}
	}
	g.rows, g.columns = 3, 1
	for g.radius = dotRadius; g.radius > leastStrip && g.rows*g.columns < g.most; {
		g.radius -= 0.5
		g.rows = int((stripPitch - 2) / (2*g.radius + 2))
		g.columns = max(int(width/(2*g.radius+1)), 1)
	}
	for _, row := range st.rows {
		for _, cell := range row.cells {
			if len(cell) > 0 {
				g.used++
			}
			if len(cell) > g.rows*g.columns {
				g.full++
			}
		}
	}
	return g
}

// draw draws the rows from top on, below the bins of p.
func (st strip) draw(s *sheet, p plot, top int) {
	joined := strip{edges: st.edges}
	for _, row := range st.rows {
		row.cells, joined.edges = joinCells(row.cells, st.edges, max((p.x1-p.x0)/(2*dotRadius+2), 1))
		joined.rows = append(joined.rows, row)
	}
	g := joined.grain(p)
	for i, row := range joined.rows {
		y := top + i*stripPitch + stripPitch/2
		s.text(margin, y, smallSize, left, s.friendText, fit(row.name, smallSize, p.x0-margin-16))
		s.text(Width-margin, y, smallSize, right, s.friendText, grouped(int64(row.total)))
		row.draw(s, p, g, joined.edges, y)
	}
}

// draw draws the dots of a row, in the middle of their bins. A bin with more than there is room for has a column; where
// that is so in most bins, all have columns, as high as their numbers.
func (row stripRow) draw(s *sheet, p plot, g grain, edges []time.Time, y int) {
	for i, cell := range row.cells {
		r := g.radius
		x := (p.x(edges[i]) + p.x(edges[i+1])) / 2
		x = min(max(x, p.x0+int(r)+1), p.x1-int(r)-1)
		n := len(cell)
		if n > 0 && (g.tight() || n > g.rows*g.columns) {
			h := stripPitch - 10
			if g.tight() {
				h = max(n*h/g.most, 4)
			}
			s.rect(x-5, y+stripPitch/2-5-h, x+5, y+stripPitch/2-5, s.friend)
			continue
		}
		slices.Sort(cell)
		used := (len(cell) + g.rows - 1) / g.rows // columns
		for k, look := range cell {
			inColumn := min(len(cell)-k/g.rows*g.rows, g.rows)
			dx := float64(k/g.rows)*(2*r+1) - float64(used-1)*(r+0.5)
			dy := float64(k%g.rows)*(2*r+2) - float64(inColumn-1)*(r+1)
			s.dot(x+round(dx), y+round(dy), r, look)
		}
	}
}

// joinCells joins runs of cells until there are at most most.
func joinCells(cells [][]Look, edges []time.Time, most int) ([][]Look, []time.Time) {
	k := (len(cells) + most - 1) / most
	if k <= 1 {
		return cells, edges
	}
	var joined [][]Look
	var starts []time.Time
	for i := 0; i < len(cells); i += k {
		joined = append(joined, slices.Concat(cells[i:min(i+k, len(cells))]...))
		starts = append(starts, edges[i])
	}
	return joined, append(starts, edges[len(cells)])
}
