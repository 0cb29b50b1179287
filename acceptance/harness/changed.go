package harness

import (
	"slices"
	"strings"
)

// Changed are the lines that differ: those of before behind a minus, those of after behind a plus.
func Changed(before, after string) string {
	var b strings.Builder
	lines := func(text string) []string { return strings.SplitAfter(strings.TrimSuffix(text, "\n")+"\n", "\n") }
	old, now := lines(before), lines(after)
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(old) > 0 && len(now) > 0 && old[0] == now[0]:
			old, now = old[1:], now[1:]
			continue
		case len(old) > 0 && !slices.Contains(now, old[0]):
			b.WriteString("-" + old[0])
			old = old[1:]
		default:
			b.WriteString("+" + now[0])
			now = now[1:]
		}
	}
	return b.String()
}
