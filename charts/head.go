package charts

import "strings"

// Head is what stands above a chart.
type Head struct {
	Title    string // the finding, in one sentence
	Friends  string // the part of Title that is about friends; it is printed in their colour
	Subtitle string // up to two lines, broken at spaces, or where it has a line break
}

// Positions of the lines of a head, in pixels from the top.
const (
	titleAt     = 60
	titleHeight = 50
)

// laidOut is a head whose lines have been broken.
type laidOut struct {
	size          float64
	title         []string
	from, to      int // of the part about friends, in bytes of the joined title
	subtitle      []string
	legend        []legendEntry
	legendBesides bool // the legend has room beside the title
}

// lay breaks the lines of the head. The title shrinks, then wraps.
func (h Head) lay(legend ...legendEntry) laidOut {
	const room = Width - 2*margin
	l := laidOut{size: titleSize, subtitle: h.underTitle(room), legend: legend}
	title := strings.Join(splitWords(printable(h.Title)), " ")
	for l.size > leastTitleSize && textWidth(title, l.size) > room {
		l.size -= 2
	}
	l.title = wrap(title, l.size, room, 2)
	if part := strings.Join(splitWords(printable(h.Friends)), " "); part != "" {
		if l.from = strings.Index(title, part); l.from >= 0 {
			l.to = l.from + len(part)
		}
	}
	l.from = max(l.from, 0)
	l.legendBesides = len(legend) > 0 && len(l.title) == 1 &&
		textWidth(title, l.size)+64+legendWidth(legend) <= room
	return l
}

// underTitle breaks the subtitle into its lines: where it says so, or else between its parts, or if they are too long
// between words.
func (h Head) underTitle(room int) []string {
	if first, second, two := strings.Cut(h.Subtitle, "\n"); two {
		return []string{fit(first, textSize, room), fit(second, textSize, room)}
	}
	const between = " · "
	lines := wrap(h.Subtitle, textSize, room, 2)
	if len(lines) < 2 {
		return lines
	}
	if cut := strings.LastIndex(lines[0]+" ", between); cut > 0 {
		first := lines[0][:cut]
		second := strings.TrimPrefix(strings.Join(lines, " ")[cut:], between)
		if textWidth(second, textSize) <= room {
			return []string{first, second}
		}
	}
	return lines
}

// bottom is where the head ends and its chart may begin, in pixels from the top.
func (l laidOut) bottom() int {
	y := titleAt + 24 + titleHeight*max(len(l.title)-1, 0)
	if n := len(l.subtitle); n > 0 {
		y += 8 + lineHeight*n
	}
	if len(l.legend) > 0 && !l.legendBesides {
		y += 52
	}
	return y
}

func (l laidOut) draw(s *sheet) {
	at := 0
	for i, line := range l.title {
		x, y := margin, titleAt+i*titleHeight
		from, to := min(max(l.from-at, 0), len(line)), min(max(l.to-at, 0), len(line))
		if from >= to {
			from, to = 0, 0
		}
		s.text(x, y, l.size, left, s.ink, line[:from])
		s.text(x+textWidth(line[:from], l.size), y, l.size, left, s.friendText, line[from:to])
		s.text(x+textWidth(line[:to], l.size), y, l.size, left, s.ink, line[to:])
		at += len(line) + 1
	}
	y := titleAt + 48 + titleHeight*max(len(l.title)-1, 0)
	for _, line := range l.subtitle {
		s.text(margin, y, textSize, left, s.muted, line)
		y += lineHeight
	}
	switch {
	case l.legendBesides:
		s.legend(Width-margin-legendWidth(l.legend), titleAt, l.legend...)
	default:
		s.legend(margin, l.bottom()-26, l.legend...)
	}
}
