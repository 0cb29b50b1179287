package charts

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/wcharczuk/go-chart/v2"
)

const (
	ellipsis = "…"

	// longest is how many characters of a label are looked at; no picture has room for more.
	longest = 400
)

// typeface is Roboto Medium, which the chart library brings. It has Latin, Greek and Cyrillic and nothing else.
var typeface = sync.OnceValues(chart.GetDefaultFont)

// clean returns s as one line that can be measured and printed anywhere: no control characters, no invisible ones
// (which could turn the direction of the text around), and not longer than any chart needs.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == longest {
			b.WriteString(ellipsis)
			break
		}
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case r == utf8.RuneError:
			r = '?'
		case !unicode.IsGraphic(r):
			continue
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// printable is clean for a picture: a character that the typeface lacks becomes a question mark, since the typeface
// would print an empty box.
func printable(s string) string {
	f, err := typeface()
	if err != nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1 // an accent on its own would be printed beside its letter
		case f.Index(r) == 0:
			return '?'
		}
		return r
	}, clean(s))
}

// wide returns the width in pixels of printable text at a size in pixels.
func wide(s string, size float64) int {
	f, err := typeface()
	if err != nil {
		return 0
	}
	const em = 2048 // units of the typeface in its own grid
	var units int
	for _, r := range s {
		units += int(f.HMetric(em, f.Index(r)).AdvanceWidth)
	}
	return int(float64(units)*size/em + 0.999)
}

// widest returns the width of the widest text, each as wide would say.
func widest(size float64, texts ...string) (w int) {
	for _, s := range texts {
		w = max(w, wide(s, size))
	}
	return w
}

// fit returns s, made printable and cut with an ellipsis where it is wider than limit pixels.
func fit(s string, size float64, limit int) string {
	s = printable(s)
	if wide(s, size) <= limit {
		return s
	}
	room := limit - wide(ellipsis, size)
	end, at := 0, 0.0
	for i, r := range s {
		at += float64(wide(string(r), size*64)) / 64
		if int(at)+1 > room {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	return strings.TrimRight(s[:end], " ") + ellipsis
}

// wrap breaks s at spaces into at most n lines that fit limit pixels; the last one is cut where it does not.
func wrap(s string, size float64, limit, n int) []string {
	var lines []string
	line := ""
	words := strings.Fields(printable(s))
	for i, word := range words {
		longer := strings.TrimSpace(line + " " + word)
		if line == "" || wide(longer, size) <= limit {
			line = longer
			continue
		}
		if len(lines) == n-1 {
			line += " " + strings.Join(words[i:], " ")
			break
		}
		lines = append(lines, fit(line, size, limit))
		line = word
	}
	if line != "" {
		lines = append(lines, fit(line, size, limit))
	}
	return lines
}
