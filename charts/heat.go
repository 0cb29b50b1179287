package charts

import (
	"fmt"
	"math"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// HeatMap shows counts by the hour of the day and the day of the week.
type HeatMap struct {
	Title    string
	Subtitle string       // up to two lines
	Counts   [7][24]int64 // by time.Weekday and hour, in local time; below 0 counts as 0
	Theme    Theme
	Empty    string // the text if there are no counts; "" is "No bans in this period"
}

// PNG returns the chart as a picture of 1280x800 pixels.
func (c HeatMap) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c HeatMap) SVG() ([]byte, error) { return c.plan().svg() }

// week is the order in which days are drawn.
var week = [7]time.Weekday{
	time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
}

func dayName(d time.Weekday) string { return d.String()[:3] }

// peak is the hour of a week with the highest count.
type peak struct {
	day   time.Weekday
	hour  int
	count int64
}

func (c HeatMap) peak() (p peak) {
	for _, d := range week {
		for h, v := range c.Counts[d] {
			if v > p.count {
				p = peak{day: d, hour: h, count: v}
			}
		}
	}
	return p
}

func (p peak) String() string {
	return fmt.Sprintf("Busiest: %s %02d:00, %s", p.day, p.hour, grouped(p.count))
}

func (c HeatMap) plan() plan {
	t := c.Theme.orLight()
	busiest := c.peak()
	if busiest.count == 0 {
		return blank(t, c.Title, c.Subtitle, c.Empty)
	}
	return plan{height: Height, theme: t, draw: func(s *sheet) {
		g := grid{top: s.header(c.Title, c.Subtitle) + 16, most: busiest.count}
		g.x0 = margin + textWidth("Wed", textSize) + 16
		totals := c.totals()
		room := Width - margin - g.x0 - maxTextWidth(textSize, totals...) - 24
		g.cellWidth = room / 24
		g.cellHeight = (Height - g.top - 140) / 7
		g.draw(s, c, totals)
		g.legend(s, busiest)
	}}
}

// totals returns the sum of each day, in the order of week.
func (c HeatMap) totals() (texts []string) {
	for _, d := range week {
		var sum int64
		for _, v := range c.Counts[d] {
			sum = addCapped(sum, nonNegative(v))
		}
		texts = append(texts, grouped(sum))
	}
	return texts
}

// grid is the plot area of a HeatMap; lengths are in pixels.
type grid struct {
	x0, top, cellWidth, cellHeight int
	most                           int64
}

func (g grid) draw(s *sheet, c HeatMap, totals []string) {
	for row, d := range week {
		y0 := g.top + row*g.cellHeight
		y := y0 + g.cellHeight/2
		s.text(g.x0-16, y, textSize, right, s.ink, dayName(d))
		s.text(Width-margin, y, textSize, right, s.muted, totals[row])
		for h, v := range c.Counts[d] {
			x := g.x0 + h*g.cellWidth
			s.rect(x, y0, x+g.cellWidth-3, y0+g.cellHeight-3, s.shade(v, g.most))
		}
	}
	y := g.top + 7*g.cellHeight + 16
	for h := 0; h < 24; h += 3 {
		s.text(g.x0+h*g.cellWidth, y, smallSize, left, s.muted, fmt.Sprintf("%02d:00", h))
	}
}

// heat returns the position of a count on the ramp, 0 to 1. It is a square root, so that one extreme hour does not make
// all others pale: a quarter of the maximum is in the middle.
func heat(v, most int64) float64 { return math.Sqrt(float64(nonNegative(v)) / float64(most)) }

// shade returns the colour of a count: nearly that of the background for none, else from the theme's ramp.
func (t Theme) shade(v, most int64) drawing.Color {
	if v <= 0 {
		return t.track
	}
	return t.ramp[int(heat(v, most)*float64(len(t.ramp)-1)+0.5)]
}

// legend draws the ramp with its scale, and names the busiest hour.
func (g grid) legend(s *sheet, busiest peak) {
	y := Height - 64
	s.text(margin, y, subtitleSize, left, s.muted, busiest.String())
	const step = 12
	most := grouped(g.most)
	x := Width - margin - textWidth(most, smallSize)
	s.text(x, y, smallSize, left, s.muted, most)
	x -= 12 + step*len(s.ramp)
	for i, c := range s.ramp {
		s.rect(x+i*step, y-11, x+(i+1)*step, y+11, c)
	}
	s.rect(x-30, y-11, x-6, y+11, s.track)
	s.text(x-42, y, smallSize, right, s.muted, "0")
	if g.most >= 8 {
		s.text(x+step*len(s.ramp)/2, y+28, smallSize, middle, s.muted, grouped((g.most+2)/4))
	}
}
