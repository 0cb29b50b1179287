package charts

import (
	"strings"
	"unicode"
)

// leastWidth is the narrowest text chart, in cells of a terminal; below it nothing could be read.
const leastWidth = 24

// cells returns how many cells of a terminal a character takes.
func cells(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0x3000 && r <= 0x303e, r >= 0xff01 && r <= 0xff60, r >= 0x1f000 && r <= 0x1faff:
		return 2
	}
	return 1
}

func cellsOf(s string) (n int) {
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// clip returns s cleaned, and cut with an ellipsis where it takes more than width cells.
func clip(s string, width int) string { return cut(clean(s), width) }

// cut is clip for what is clean already, so that spaces at the front stay.
func cut(s string, width int) string {
	if cellsOf(s) <= width {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cells(r); n > width-1 {
			return strings.TrimRight(s[:i], " ") + ellipsis
		}
	}
	return s
}

// padRight and padLeft fill s with spaces up to width cells.
func padRight(s string, width int) string { return s + spaces(width-cellsOf(s)) }

func padLeft(s string, width int) string { return spaces(width-cellsOf(s)) + s }

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

func widestCells(texts []string) (w int) {
	for _, s := range texts {
		w = max(w, cellsOf(s))
	}
	return w
}

// blockBar is a bar of up to width cells, in eighths of a cell. What is not zero is never nothing.
func blockBar(part float64, width int) string {
	eighths := int(part*float64(width)*8 + 0.5)
	if part > 0 {
		eighths = max(eighths, 1)
	}
	eighths = min(eighths, width*8)
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return bar
}

// spark is one cell that stands for a part of the greatest, from a space for none to a full block.
func spark(part float64) string {
	if part <= 0 {
		return " "
	}
	return string([]rune("▁▂▃▄▅▆▇█")[min(int(part*8), 7)])
}

// page is the lines of a text chart, none wider than width cells.
type page struct {
	width int
	lines []string
}

func newPage(width int, title, subtitle string) *page {
	p := &page{width: max(width, leastWidth)}
	p.add(title)
	p.add(subtitle)
	return p
}

// add appends words on up to two lines, unless there are none.
func (p *page) add(words string) {
	words = clean(words)
	if head, tail, ok := breakAt(words, p.width); ok {
		p.lines = append(p.lines, head)
		words = tail
	}
	if words != "" {
		p.lines = append(p.lines, cut(words, p.width))
	}
}

// breakAt splits words at the last space that leaves a head of at most width cells, if there is need and a space.
func breakAt(words string, width int) (head, tail string, ok bool) {
	if cellsOf(words) <= width {
		return "", words, false
	}
	n, at := 0, 0
	for i, r := range words {
		if r == ' ' {
			at = i
		}
		if n += cells(r); n > width {
			break
		}
	}
	if at == 0 {
		return "", words, false
	}
	return words[:at], words[at+1:], true
}

// row appends a line that is clean already.
func (p *page) row(line string) {
	p.lines = append(p.lines, strings.TrimRight(cut(line, p.width), " "))
}

func (p *page) String() string { return strings.Join(p.lines, "\n") + "\n" }
