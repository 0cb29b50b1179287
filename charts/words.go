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

	// thin is the narrow no-break space that groups the digits of numbers.
	thin = '\u202f'

	// maxChars is how many characters of a label are used; no picture has room for more.
	maxChars = 400
)

// typeface is Roboto Medium, which comes with the chart library. It has only Latin, Greek and Cyrillic characters.
var typeface = sync.OnceValues(chart.GetDefaultFont)

// clean returns s as one line that can be measured and printed anywhere: without control characters and invisible ones
// (which could reverse the direction of the text), and no longer than maxChars.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == maxChars {
			b.WriteString(ellipsis)
			break
		}
		switch {
		case r == thin:
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

// printable is clean for pictures: characters that the typeface lacks become question marks instead of empty boxes.
func printable(s string) string {
	f, err := typeface()
	if err != nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1 // a combining accent would be printed beside its letter
		case f.Index(r) == 0:
			return '?'
		}
		return r
	}, clean(s))
}

// textWidth returns the width of printable text at a font size, both in pixels.
func textWidth(s string, size float64) int {
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

// maxTextWidth returns the greatest textWidth of the texts.
func maxTextWidth(size float64, texts ...string) (w int) {
	for _, s := range texts {
		w = max(w, textWidth(s, size))
	}
	return w
}

// fit returns s made printable, and truncated with an ellipsis if it is wider than limit pixels.
func fit(s string, size float64, limit int) string {
	s = printable(s)
	if textWidth(s, size) <= limit {
		return s
	}
	room := limit - textWidth(ellipsis, size)
	end, at := 0, 0.0
	for i, r := range s {
		at += float64(textWidth(string(r), size*64)) / 64
		if int(at)+1 > room {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	return strings.TrimRight(s[:end], " ") + ellipsis
}

// wrap breaks s at spaces into at most n lines no wider than limit pixels; if need be, it truncates the last one.
func wrap(s string, size float64, limit, n int) []string {
	var lines []string
	line := ""
	words := splitWords(printable(s))
	for i, word := range words {
		longer := strings.TrimSpace(line + " " + word)
		if line == "" || textWidth(longer, size) <= limit {
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

// splitWords splits s at spaces, but not within numbers.
func splitWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })
}
