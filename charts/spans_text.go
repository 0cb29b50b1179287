package charts

import (
	"cmp"
	"strings"
	"time"
)

// mostTextSpans is how many rows the text has besides those of logins and failures.
const mostTextSpans = 5

// Text returns the chart as a line of block characters for each name, with the number of its spans. For width and
// height see BarChart.Text.
func (c SpanChart) Text(width int) string {
	p := newPage(width, c.Title, strings.ReplaceAll(c.Subtitle, "\n", " · "))
	rows := c.rows(mostTextSpans)
	if len(rows) == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	const cells = 120
	from, to := c.axis(rows)
	var lines []sparkRow
	at := func(t time.Time) int {
		return min(max(int(float64(cells)*t.Sub(from).Seconds()/to.Sub(from).Seconds()), 0), cells-1)
	}
	if n := len(c.Logins); n > 0 {
		values := make([]float64, cells)
		for _, t := range c.Logins {
			values[at(t)] = 1
		}
		lines = append(lines, sparkRow{"logins", values, grouped(int64(n))})
	}
	if failed := c.failed(); len(failed) > 0 {
		values := make([]float64, cells)
		for _, t := range failed {
			values[at(t)] = 1
		}
		lines = append(lines, sparkRow{"failures", values, grouped(int64(len(failed)))})
	}
	for _, r := range rows {
		values := make([]float64, cells)
		for _, s := range r.spans {
			end := at(s.From)
			if s.Holding && s.Until.IsZero() {
				end = cells - 1
			}
			for i := at(s.From); i <= max(end, at(s.Until)); i++ {
				values[i] = 1
			}
		}
		lines = append(lines, sparkRow{r.name, values, grouped(int64(len(r.spans)))})
	}
	p.sparkRows(lines, []time.Time{from, to})
	return p.String()
}
