package charts

import (
	"cmp"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// HourStrip shows a value for each of up to 48 hours in one row, with a line where a day begins, and the bans of
// friends beneath it.
type HourStrip struct {
	Head
	Times      []time.Time // the starts of the hours, ascending
	Cells      []Cell      // one for each of Times; Shown is not looked at
	FriendsRow string      // the name of the row of friends; "" is "friends"
	Theme      Theme
	Empty      string // the text if all values are zero; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide.
func (c HourStrip) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c HourStrip) SVG() ([]byte, error) { return c.plan().svg() }

func (c HourStrip) cells() []Cell { return c.Cells[:min(len(c.Cells), len(c.Times), 48)] }

func (c HourStrip) values() (all []float64) {
	for _, cell := range c.cells() {
		all = append(all, drawable(cell.Value))
	}
	return all
}

func (c HourStrip) plan() plan {
	t := c.Theme.orLight()
	sc := newClasses(c.values())
	if sc.most == 0 {
		return blank(t, c.Head, c.Empty)
	}
	var looks []Look
	var figures []string
	for _, cell := range c.cells() {
		looks = append(looks, cell.Dots...)
		figures = append(figures, amount(drawable(cell.Value)))
	}
	const cellHeight = 96
	head := c.lay(lookEntries(looks)...)
	width := (Width - 2*margin) / len(c.cells())
	legend := maxTextWidth(smallSize, figures...) > width-6 // the figures do not fit
	height := head.bottom() + 40 + cellHeight + 64
	if legend {
		height += 58
	}
	strip := height
	if len(looks) > 0 {
		height += 116
	}
	return plan{height: height + 16, theme: t, draw: func(s *sheet) {
		head.draw(s)
		top := head.bottom() + 40
		c.draw(s, sc, figures, top, cellHeight, width, !legend)
		if legend {
			s.classLegend(margin, strip-28, "bans an hour", sc)
		}
		if len(looks) == 0 {
			return
		}
		s.rect(margin, strip, Width-margin, strip+2, s.grid)
		name := fit(cmp.Or(c.FriendsRow, "friends"), smallSize, 420)
		s.text(margin, strip+34, smallSize, left, s.friendText, name)
		for i, cell := range c.cells() {
			s.cellDots(cell.Dots, margin+i*width+width/2, strip+86, width-2, 72)
		}
	}}
}

// draw draws the cells with their figures, and the clock beneath them.
func (c HourStrip) draw(s *sheet, sc classes, figures []string, top, h, w int, withFigures bool) {
	free := 0
	for i, cell := range c.cells() {
		x, at := margin+i*w, c.Times[i]
		colour := sc.colour(s.Theme, cell.Value)
		if cell.Unfinished {
			s.stripes(x, top, x+w-2, top+h, colour)
			colour = s.paper
		} else {
			s.rect(x, top, x+w-2, top+h, colour)
		}
		if withFigures && drawable(cell.Value) > 0 {
			if cell.Unfinished { // figures do not stand on stripes
				half := textWidth(figures[i], smallSize)/2 + 4
				s.rect(x+w/2-half, top+h/2-18, x+w/2+half, top+h/2+18, s.paper)
			}
			s.text(x+w/2-1, top+h/2, smallSize, middle, s.on(colour), figures[i])
		}
		label, tone := clock(at), s.muted
		midnight := at.Hour() == 0
		if midnight {
			label, tone = at.Format("Mon 2 Jan"), s.ink
			s.rect(x-2, top-8, x, top+h+8, s.ink)
		}
		if !midnight && at.Hour()%4 != 0 || x < free || x+textWidth(label, smallSize) > Width-margin {
			continue
		}
		s.text(x, top+h+28, smallSize, left, tone, label)
		free = x + textWidth(label, smallSize) + 14
	}
}

// on returns the colour of text on a background: that of ink or that of paper, whichever stands out more.
func (t Theme) on(background drawing.Color) drawing.Color {
	if contrast(t.ink, background) >= contrast(t.paper, background) {
		return t.ink
	}
	return t.paper
}

// contrast is the contrast ratio of WCAG 2.1, 1 to 21.
func contrast(a, b drawing.Color) float64 {
	x, y := luminance(a)+0.05, luminance(b)+0.05
	return max(x, y) / min(x, y)
}

// luminance is the relative luminance of WCAG 2.1, 0 to 1.
func luminance(c drawing.Color) float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
