package charts

import (
	"strings"
	"unicode"
)

// minWidth is the width of the narrowest text chart, in cells of a terminal; a narrower one would be unreadable.
const minWidth = 24

// cellWidth returns the number of terminal cells that a character takes.
func cellWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0x3000 && r <= 0x303e, r >= 0xff01 && r <= 0xff60, r >= 0x1f000 && r <= 0x1faff:
		return 2
	}
	return 1
}

func cellCount(s string) (n int) {
	for _, r := range s {
		n += cellWidth(r)
	}
	return n
}

// cleanCells returns s cleaned, and truncated with an ellipsis if it takes more than width cells.
func cleanCells(s string, width int) string { return truncateCells(clean(s), width) }

// truncateCells is cleanCells for text that is already clean. It keeps leading spaces.
func truncateCells(s string, width int) string {
	if cellCount(s) <= width {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cellWidth(r); n > width-1 {
			return strings.TrimRight(s[:i], " ") + ellipsis
		}
	}
	return s
}

// padRight appends spaces to s up to width cells.
func padRight(s string, width int) string { return s + spaces(width-cellCount(s)) }

// padLeft prepends spaces to s up to width cells.
func padLeft(s string, width int) string { return spaces(width-cellCount(s)) + s }

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

func maxCellCount(texts []string) (w int) {
	for _, s := range texts {
		w = max(w, cellCount(s))
	}
	return w
}

// blockBar returns a bar of up to width cells, in eighths of a cell, and at least one eighth unless part is zero.
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

// spark returns one cell for a fraction of the maximum, from a space for none to a full block.
func spark(part float64) string {
	if part <= 0 {
		return " "
	}
	return string([]rune("▁▂▃▄▅▆▇█")[min(int(part*8), 7)])
}

// page holds the lines of a text chart, none wider than width cells.
type page struct {
	width int
	lines []string
}

func newPage(width int, title, subtitle string) *page {
	p := &page{width: max(width, minWidth)}
	p.add(title)
	p.add(subtitle)
	return p
}

// add appends words on up to two lines, or none if they are empty.
func (p *page) add(words string) {
	words = clean(words)
	if head, tail, ok := breakAt(words, p.width); ok {
		p.lines = append(p.lines, head)
		words = tail
	}
	if words != "" {
		p.lines = append(p.lines, truncateCells(words, p.width))
	}
}

// breakAt splits words that exceed width cells at the last space that leaves a head of at most width, if there is one.
func breakAt(words string, width int) (head, tail string, ok bool) {
	if cellCount(words) <= width {
		return "", words, false
	}
	n, at := 0, 0
	for i, r := range words {
		if r == ' ' {
			at = i
		}
		if n += cellWidth(r); n > width {
			break
		}
	}
	if at == 0 {
		return "", words, false
	}
	return words[:at], words[at+1:], true
}

// row appends a line that is already clean.
func (p *page) row(line string) {
	p.lines = append(p.lines, strings.TrimRight(truncateCells(line, p.width), " "))
}

// String joins the lines. Not every monospaced font has a thin space, or has it as wide as a cell.
func (p *page) String() string {
	return strings.ReplaceAll(strings.Join(p.lines, "\n")+"\n", string(thin), " ")
}
