package charts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Text returns the chart in block characters for a monospaced font: at most 20 lines, each ended by a newline, and none
// wider than width cells (less than 24 counts as 24).
func (c BarChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	bars := fold(c.Bars, c.max())
	if total(bars) == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	full := barRows{bars: bars}.full()

	var names, counts, notes []string
	friends := false
	for _, b := range bars {
		name := b.Label
		if b.Friends > 0 {
			name, friends = "* "+name, true
		}
		names = append(names, cleanCells(name, p.width/3))
		counts = append(counts, grouped(b.Value))
		notes = append(notes, cleanCells(c.note(b), 10))
	}
	n, k, w := maxCellCount(names), maxCellCount(counts), maxCellCount(notes)
	if w > 0 && p.width-n-k-w-3 < 8 {
		w = 0 // a bar says more than a note
	}
	for i, b := range bars {
		tail := " " + padLeft(counts[i], k)
		if w > 0 {
			tail += " " + padLeft(notes[i], w)
		}
		head := padRight(names[i], n) + " "
		room := max(p.width-cellCount(head)-cellCount(tail), 0)
		bar := ""
		if b.Kind == Plain {
			bar = blockBar(min(float64(b.Value)/full, 1), room)
		}
		p.row(head + padRight(bar, room) + tail)
	}
	if friends {
		p.add("* friends")
	}
	return p.String()
}

// Text returns the chart as a line of block characters for each series, with a scale of its own, and its sum; and so
// for the bans of friends. For width and height see BarChart.Text.
func (c TimeChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	l := c.layers(c.Theme.orLight())
	if l.empty() {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	var rows []sparkRow
	for _, s := range l.series {
		rows = append(rows, sparkRow{s.name, s.values, amount(s.sum)})
	}
	for _, r := range newStrip(c.Dots, l.edges, 3).rows {
		rows = append(rows, r.spark("* "))
	}
	p.sparkRows(rows, l.edges)
	if len(c.Dots) > 0 {
		p.add("* bans of friends")
	}
	return p.String()
}

// Text returns the chart as a line of block characters for each series, with its value now and its greatest. For width
// and height see BarChart.Text.
func (c LevelChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	l := c.layers(c.Theme.orLight())
	if l.empty() {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	var rows []sparkRow
	for _, s := range l.series {
		figures := amount(s.now) + " of " + amount(slices.Max(s.values))
		rows = append(rows, sparkRow{s.name, s.values, figures})
	}
	p.sparkRows(rows, l.edges)
	p.add(cmp.Or(c.Now, "now") + " of most")
	return p.String()
}

// Text returns the chart as a line of block characters for each name, with the number of its dots. For width and height
// see BarChart.Text.
func (c DotChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	st := c.strip()
	if len(st.rows) == 0 {
		p.add(c.empty())
		return p.String()
	}
	var rows []sparkRow
	for _, r := range st.rows {
		rows = append(rows, r.spark(""))
	}
	p.sparkRows(rows, st.edges)
	return p.String()
}

// sparkRow is a line of a text chart over time.
type sparkRow struct {
	name   string
	values []float64
	figure string
}

func (row stripRow) spark(mark string) sparkRow {
	values := make([]float64, len(row.cells))
	for i, cell := range row.cells {
		values[i] = float64(len(cell))
	}
	return sparkRow{mark + row.name, values, grouped(int64(row.total))}
}

// sparkRows appends rows, and when they begin and end.
func (p *page) sparkRows(rows []sparkRow, edges []time.Time) {
	var names, figures []string
	for _, r := range rows {
		names = append(names, cleanCells(r.name, p.width/3))
		figures = append(figures, r.figure)
	}
	n, k := maxCellCount(names), maxCellCount(figures)
	room := max(p.width-n-k-2, 4)
	for i, r := range rows {
		p.row(padRight(names[i], n) + " " + padRight(sparks(r.values, room), room) + " " + padLeft(figures[i], k))
	}
	first, last := edges[0].Format("Mon 2 Jan"), edges[len(edges)-1].Format("Mon 2 Jan")
	if edges[len(edges)-1].Sub(edges[0]) <= 48*time.Hour {
		first, last = clock(edges[0]), clock(edges[len(edges)-1])
	}
	if gap := room - len(first) - len(last); gap > 0 {
		p.row(spaces(n+1) + first + spaces(gap) + last)
	} else {
		p.add(first + " – " + last)
	}
}

// sparks draws values in width cells. A cell for several values shows the greatest; a value for several cells is
// repeated.
func sparks(values []float64, width int) string {
	greatest := slices.Max(values)
	if greatest == 0 {
		return ""
	}
	var b strings.Builder
	for i := range width {
		from := i * len(values) / width
		until := max((i+1)*len(values)/width, from+1)
		b.WriteString(spark(slices.Max(values[from:until]) / greatest))
	}
	return b.String()
}

// Text returns the chart as shades, with a line for each row. For width and height see BarChart.Text.
func (c HeatMap) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	sc := newClasses(c.values())
	if sc.most == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	var names, totals []string
	for _, row := range c.rows() {
		names, totals = append(names, cleanCells(row.Name, 8)), append(totals, cleanCells(row.Total, 10))
	}
	n, k := maxCellCount(names)+1, maxCellCount(totals)
	room := p.width - n - 1 - k
	if room < 8 {
		totals, k, room = make([]string, len(names)), 0, p.width-n
	}
	hours, cell := 1, max(min(room/24, 3), 1) // hours in a cell, cells for an hour
	for room < 24/hours {
		hours++
	}
	var scale strings.Builder
	scale.WriteString(spaces(n))
	for h := 0; h < 24; h += 6 {
		scale.WriteString(padRight(fmt.Sprintf("%d", h), 6*cell/hours))
	}
	p.row(scale.String())
	for i, row := range c.rows() {
		var line strings.Builder
		line.WriteString(padRight(names[i], n))
		for h := 0; h < 24; h += hours {
			most, shown := 0.0, false
			for _, one := range row.Cells[h:min(h+hours, 24)] {
				most, shown = max(most, drawable(one.Value)), shown || one.Shown
			}
			line.WriteString(strings.Repeat(shadeOf(most, sc, shown), cell))
		}
		p.row(padRight(line.String(), n+24*cell/hours+1) + padLeft(totals[i], k))
	}
	if len(c.looks()) > 0 {
		p.add("bans of friends: " + grouped(int64(len(c.looks()))))
	}
	return p.String()
}

// Text returns the chart as one line of shades. For width and height see BarChart.Text.
func (c HourStrip) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	if newClasses(c.values()).most == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	values := c.values()
	rows := []sparkRow{{"bans", values, ""}}
	friends := make([]float64, len(values))
	n := 0
	for i, cell := range c.cells() {
		friends[i] = float64(len(cell.Dots))
		n += len(cell.Dots)
	}
	if n > 0 {
		rows = append(rows, sparkRow{"* friends", friends, grouped(int64(n))})
	}
	times := c.Times[:len(values)]
	p.sparkRows(rows, append(slices.Clone(times), times[len(times)-1].Add(time.Hour)))
	return p.String()
}

// shadeOf returns a shade for a value, a dot for none, and nothing for an hour that is not in the period.
func shadeOf(v float64, sc classes, shown bool) string {
	class := sc.of(v)
	switch {
	case !shown:
		return " "
	case class < 0:
		return "·"
	}
	return string([]rune("░▒▓█")[min(class*4/len(sc.bounds), 3)])
}

// Text returns the chart as bars in which "|" marks the end of what is usual. For width and height see BarChart.Text.
func (c ShareChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	shares := foldShares(c.Rows, mostShares)
	if len(shares) == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	var names, nows, counts []string
	greatest, usual := 0.0, false
	for _, r := range shares {
		name := r.Label
		if r.Marked {
			name = "! " + name
		}
		names = append(names, cleanCells(name, p.width/4))
		nows = append(nows, sharePercent(r.now()))
		counts = append(counts, grouped(r.Part)+" of "+grouped(r.Whole))
		greatest, usual = max(greatest, r.now(), r.High), usual || r.High > 0
	}
	n, w, k := maxCellCount(names), maxCellCount(nows), maxCellCount(counts)
	if p.width-n-w-k-3 < 6 {
		k = 0
	}
	for i, r := range shares {
		tail := " " + padLeft(nows[i], w)
		if k > 0 {
			tail += " " + padLeft(counts[i], k)
		}
		room := max(p.width-n-1-cellCount(tail), 2)
		p.row(padRight(names[i], n) + " " + shareBar(r, max(greatest, 1e-9), room) + tail)
	}
	if usual {
		p.add("| usual, at most")
	}
	return p.String()
}

// shareBar returns a bar, exactly width cells wide, on which the end of the usual range is marked.
func shareBar(r Share, greatest float64, width int) string {
	bar := []rune(padRight(blockBar(r.now()/greatest, width), width))
	if r.High > 0 {
		bar[min(int(r.High/greatest*float64(width)), width-1)] = '|'
	}
	return string(bar)
}
