package charts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Text returns the chart in block characters for a monospaced font: at most 20 lines, each ended by a newline, and none
// wider than width cells (less than 24 counts as 24).
func (c BarChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	bars := fold(c.Bars, min(c.max(), 12))
	total := total(bars)
	if total == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	full, _ := barRows{bars: bars}.scale()

	var names, counts, shares, notes []string
	friends := false
	for _, b := range bars {
		name := b.Label
		if b.Kind == Friendly {
			name, friends = "* "+name, true
		}
		names = append(names, cleanCells(name, p.width/3))
		counts = append(counts, grouped(b.Value))
		shares = append(shares, percent(b.Value, total))
		notes = append(notes, cleanCells(b.Note, 10))
	}
	n, k, s, w := maxCellCount(names), maxCellCount(counts), maxCellCount(shares), maxCellCount(notes)
	if w > 0 && p.width-n-k-s-w-4 < 8 {
		w = 0 // a bar says more than a note
	}
	if p.width-n-k-s-3 < 4 {
		s = 0
	}
	for i, b := range bars {
		tail := " " + padLeft(counts[i], k)
		if s > 0 {
			tail += " " + padLeft(shares[i], s)
		}
		if w > 0 {
			tail += " " + padLeft(notes[i], w)
		}
		head := padRight(names[i], n) + " "
		room := max(p.width-cellCount(head)-cellCount(tail), 0)
		p.row(head + padRight(blockBar(float64(b.Value)/float64(full), room), room) + tail)
	}
	if friends {
		p.add("* " + cmp.Or(c.FriendlyLabel, "Friendly"))
	}
	return p.String()
}

// Text returns the chart as a line of block characters for each series, with a scale of its own, and its last and
// greatest value. For width and height see BarChart.Text.
func (c TimeChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	l := c.layers(c.Theme.orLight())
	if l.empty() {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	names, nows, maxima := []string{""}, []string{"now"}, []string{"max"}
	for _, s := range l.series {
		names = append(names, cleanCells(s.name, p.width/4))
		nows = append(nows, amount(s.values[len(s.values)-1]))
		maxima = append(maxima, amount(slices.Max(s.values)))
	}
	n, k, m := maxCellCount(names), maxCellCount(nows), maxCellCount(maxima)
	room := max(p.width-n-k-m-3, 4)
	for i := range names {
		line := ""
		if i > 0 {
			line = sparks(l.series[i-1].values, room)
		}
		head := padRight(names[i], n) + " " + padRight(line, room)
		p.row(head + " " + padLeft(nows[i], k) + " " + padLeft(maxima[i], m))
	}
	first, last := l.edges[0].Format("Mon 2 Jan 15:04"), l.edges[l.bins()].Format("Mon 2 Jan 15:04")
	if gap := room - len(first) - len(last); gap > 0 {
		p.row(spaces(n+1) + first + spaces(gap) + last)
	} else {
		p.add(first + " – " + last)
	}
	return p.String()
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

// Text returns the chart as shades, with a line for each day. For width and height see BarChart.Text.
func (c HeatMap) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	busiest := c.peak()
	if busiest.count == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	totals := c.totals()
	const names = 4 // "Mon "
	room := p.width - names - 1 - maxCellCount(totals)
	if room < 8 {
		totals, room = make([]string, len(week)), p.width-names
	}
	hours, cell := 1, max(min(room/24, 3), 1) // hours in a cell, cells for an hour
	for room < 24/hours {
		hours++
	}
	var scale strings.Builder
	scale.WriteString(spaces(names))
	for h := 0; h < 24; h += 6 {
		scale.WriteString(padRight(fmt.Sprintf("%02d", h), 6*cell/hours))
	}
	p.row(scale.String())
	for i, d := range week {
		var line strings.Builder
		line.WriteString(padRight(dayName(d), names))
		for h := 0; h < 24; h += hours {
			line.WriteString(strings.Repeat(shadeOf(slices.Max(c.Counts[d][h:min(h+hours, 24)]), busiest.count), cell))
		}
		p.row(padRight(line.String(), names+24*cell/hours+1) + padLeft(totals[i], maxCellCount(totals)))
	}
	p.add(busiest.String())
	return p.String()
}

// shadeOf returns a shade for a count, and a dot for none, which a missing hour does not have.
func shadeOf(v, most int64) string {
	if v <= 0 {
		return "·"
	}
	return string([]rune("░▒▓█")[min(int(heat(v, most)*4), 3)])
}

// Text returns the chart as bars in which "|" marks the past. For width and height see BarChart.Text.
func (c ShareChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	shares := foldShares(c.Rows, 12)
	if len(shares) == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	var names, nows, counts []string
	greatest := 0.0
	for _, r := range shares {
		name := r.Label
		if r.Marked {
			name = "! " + name
		}
		names = append(names, cleanCells(name, p.width/4))
		nows = append(nows, percent(r.Part, r.Whole))
		counts = append(counts, grouped(r.Part)+" of "+grouped(r.Whole))
		greatest = max(greatest, r.now(), r.before())
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
	p.add("| " + c.pastLabel())
	return p.String()
}

// shareBar returns a bar, exactly width cells wide, on which the past share is marked.
func shareBar(r Share, greatest float64, width int) string {
	bar := []rune(padRight(blockBar(r.now()/greatest, width), width))
	if r.PastWhole > 0 {
		bar[min(int(r.before()/greatest*float64(width)), width-1)] = '|'
	}
	return string(bar)
}
