package charts

import (
	"cmp"
	"image"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Kind distinguishes bars.
type Kind int

// The kinds of bars.
const (
	Plain    Kind = iota
	Friendly      // has its own colour and an entry in the legend, and is never folded while there is room
	Unknown       // muted, always last
	Others        // a bar that stands for several: added to the folded bar
)

// Bar is one row of a BarChart.
type Bar struct {
	Label string
	Value int64 // below 0 counts as 0
	Kind  Kind
	Note  string // short text after the share, such as "+12%"
}

// BarChart shows counts as horizontal bars: names on the left, counts and shares of the total on the right.
//
// The caller passes all bars, greatest first; the chart folds those beyond Max into one. A folded or unknown bar that
// is much longer than all others is drawn broken, so that the others do not become tiny; its number is printed as
// usual.
type BarChart struct {
	Title    string
	Subtitle string // up to two lines
	Bars     []Bar
	Max      int // named bars before folding, 1 to 20; 0 is 12
	Theme    Theme

	FriendlyLabel string // the legend for Friendly bars; "" is "Friendly"
	Empty         string // the text if no bar has a count; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c BarChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c BarChart) SVG() ([]byte, error) { return c.plan().svg() }

func (c BarChart) max() int {
	if c.Max == 0 {
		return 12
	}
	return min(max(c.Max, 1), 20)
}

func (c BarChart) plan() plan {
	t := c.Theme.orLight()
	bars := fold(c.Bars, c.max())
	total := total(bars)
	if total == 0 {
		return blank(t, c.Title, c.Subtitle, c.Empty)
	}
	top := headerHeight(c.Subtitle) + 16
	const bottom = 36
	pitch, height := rowPitch(len(bars), top, bottom, 64)
	return plan{
		height: height,
		theme:  t,
		draw: func(s *sheet) {
			s.header(c.Title, c.Subtitle, c.legend(t, bars)...)
			barRows{bars: bars, total: total, top: top, pitch: pitch}.draw(s)
		},
	}
}

// rowPitch returns the distance between n rows, at most most, and the height of their picture with margins of top and
// bottom, all in pixels.
func rowPitch(n, top, bottom, most int) (pitch, height int) {
	pitch = (Height - top - bottom) / n
	if pitch <= most {
		return pitch, Height
	}
	return most, max(top+most*n+bottom, 320)
}

func (c BarChart) legend(t Theme, bars []Bar) []legendEntry {
	for _, b := range bars {
		if b.Kind == Friendly {
			return []legendEntry{{colour: t.accent, label: cmp.Or(c.FriendlyLabel, "Friendly")}}
		}
	}
	return nil
}

// barRows is the body of a BarChart, ready to be drawn.
type barRows struct {
	bars       []Bar
	total      int64
	top, pitch int // pixels
}

func (r barRows) draw(s *sheet) {
	size := min(textSize, float64(r.pitch)*0.68)
	size = max(size, smallSize)
	const gap = 22

	names, counts, shares, notes := r.columns(size)
	noteEnd := Width - margin
	shareEnd := noteEnd
	if w := maxTextWidth(size, notes...); w > 0 {
		shareEnd -= w + gap
	}
	countEnd := shareEnd - maxTextWidth(size, shares...) - gap
	x0 := margin + maxTextWidth(size, names...) + 16
	x1 := countEnd - maxTextWidth(size, counts...) - gap

	full, cut := r.scale()
	for i, b := range r.bars {
		y := r.top + i*r.pitch + r.pitch/2
		half := max(r.pitch*35/100, 8)
		s.text(x0-16, y, size, right, s.nameColour(b.Kind), names[i])
		s.text(countEnd, y, size, right, s.ink, counts[i])
		s.text(shareEnd, y, size, right, s.muted, shares[i])
		s.text(noteEnd, y, size, right, s.muted, notes[i])

		s.bar(x0, y-half, x1, y+half, s.track)
		if b.Value == 0 {
			continue
		}
		length := int(float64(x1-x0) * min(float64(b.Value)/float64(full), 1))
		s.bar(x0, y-half, x0+max(length, 3), y+half, s.barColour(b.Kind))
		if cut && b.Value > full {
			s.breakMark(x0+(x1-x0)*9/10, y, half)
		}
	}
}

// columns returns the printable texts of all rows.
func (r barRows) columns(size float64) (names, counts, shares, notes []string) {
	for _, b := range r.bars {
		names = append(names, fit(b.Label, size, 330))
		counts = append(counts, grouped(b.Value))
		shares = append(shares, percent(b.Value, r.total))
		notes = append(notes, fit(b.Note, size, 170))
	}
	return names, counts, shares, notes
}

// scale returns the value of a bar of full length, and whether longer bars are cut there. Named bars are never cut;
// unknown and folded ones are if the greatest is more than half as long again as the greatest named one.
func (r barRows) scale() (full int64, cut bool) {
	var named, all int64
	for _, b := range r.bars {
		all = max(all, b.Value)
		if b.Kind == Plain || b.Kind == Friendly {
			named = max(named, b.Value)
		}
	}
	if named > 0 && all-named > named/2 {
		return named, true
	}
	return all, false
}

// breakMark draws two slanted gaps over a bar that is longer than drawn.
func (s *sheet) breakMark(x, y, half int) {
	for _, dx := range []int{0, 14} {
		s.area(s.paper,
			image.Pt(x+dx, y-half-1), image.Pt(x+dx+7, y-half-1),
			image.Pt(x+dx-3, y+half+1), image.Pt(x+dx-10, y+half+1))
	}
}

func (t Theme) barColour(k Kind) drawing.Color {
	switch k {
	case Friendly:
		return t.accent
	case Unknown:
		return t.unknown
	case Others:
		return t.rest
	}
	return t.bar
}

func (t Theme) nameColour(k Kind) drawing.Color {
	if k == Unknown || k == Others {
		return t.muted
	}
	return t.ink
}
