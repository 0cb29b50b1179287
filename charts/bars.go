package charts

import (
	"cmp"
	"image"
	"slices"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Kind distinguishes bars.
type Kind int

// The kinds of bars.
const (
	Plain   Kind = iota
	Unknown      // without a bar, always last
	Others       // stands for several: added to the folded row
)

// Bar is one row of a BarChart.
type Bar struct {
	Label   string
	Value   int64 // below 0 counts as 0
	Friends int64 // how much of it is about friends, 0 to Value
	Kind    Kind
	Before  int64  // what Value was in the period before, for the change
	Note    string // what else there is to say, in place of the change
	Beside  string // what is said of a bar that is all about friends, behind it
}

// friendly reports whether all of the bar is about friends.
func (b Bar) friendly() bool { return b.Value > 0 && b.Friends == b.Value }

// BarChart shows counts as horizontal bars: names on the left, counts and changes on the right. What is about friends
// has their colour.
//
// The caller passes all bars, greatest first; the chart folds those beyond Max into a row without a bar, under a line
// with the unknown. Bars that dwarf the rest are drawn broken. A single bar is no picture, and said in words.
type BarChart struct {
	Head
	Bars  []Bar
	Max   int // named bars before folding, 1 to 10; 0 is 10
	Theme Theme

	Compare    bool   // show the change of each bar
	NoteLabel  string // stands above the notes, in place of the changes; "": there are none
	ValueLabel string // stands above the counts; "" is "bans"
	Empty      string // the text if no bar has a count; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c BarChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c BarChart) SVG() ([]byte, error) { return c.plan().svg() }

// MostBars is how many named bars fit, with two rows beneath them and a head of three lines.
const MostBars = 10

func (c BarChart) max() int {
	if c.Max == 0 {
		return MostBars
	}
	return min(max(c.Max, 1), MostBars)
}

// barPitch is the distance between rows in pixels, in which bars are 30 high.
const (
	barPitch    = 47
	barHalf     = 15
	leastPitch  = 42
	headingRoom = 48
)

func (c BarChart) plan() plan {
	t := c.Theme.orLight()
	bars := fold(c.Bars, c.max())
	switch {
	case total(bars) == 0:
		return blank(t, c.Head, c.Empty)
	case len(bars) == 1:
		return blank(t, c.Head, bars[0].Label+": "+grouped(bars[0].Value))
	}
	head := c.lay()
	top := head.bottom() + headingRoom
	pitch := max(min((Height-top-36)/len(bars), barPitch), leastPitch)
	return plan{
		height: top + pitch*len(bars) + 36,
		theme:  t,
		draw: func(s *sheet) {
			head.draw(s)
			barRows{chart: c, bars: bars, top: top, pitch: pitch}.draw(s)
		},
	}
}

// barRows is the body of a BarChart, ready to be drawn.
type barRows struct {
	chart      BarChart
	bars       []Bar
	top, pitch int // pixels
}

func (r barRows) draw(s *sheet) {
	const gap = 36
	var names, counts, notes []string
	for _, b := range r.bars {
		names = append(names, fit(b.Label, smallSize, 360))
		counts = append(counts, grouped(b.Value))
		notes = append(notes, fit(r.chart.note(b), smallSize, 170))
	}
	values, noteLabel := fit(cmp.Or(r.chart.ValueLabel, "bans"), smallSize, 170), ""
	countEnd := Width - margin
	if w := maxTextWidth(smallSize, notes...); w > 0 {
		noteLabel = fit(r.chart.noteLabel(), smallSize, 170)
		countEnd -= max(w, textWidth(noteLabel, smallSize)) + gap
	}
	x0 := margin + maxTextWidth(smallSize, names...) + 18
	x1 := countEnd - maxTextWidth(smallSize, append(counts, values)...) - gap
	s.text(countEnd, r.top-26, smallSize, right, s.muted, values)
	s.text(Width-margin, r.top-26, smallSize, right, s.muted, noteLabel)

	full := r.full()
	for i, b := range r.bars {
		y := r.top + i*r.pitch + r.pitch/2
		name, value := s.ink, s.ink
		switch {
		case b.Kind != Plain:
			name, value = s.muted, s.muted
		case b.friendly():
			name, value = s.friendText, s.friendText
		}
		if b.Kind != Plain && (i == 0 || r.bars[i-1].Kind == Plain) {
			s.rect(margin, y-r.pitch/2, Width-margin, y-r.pitch/2+2, s.grid)
		}
		s.text(x0-18, y, smallSize, right, name, names[i])
		s.text(countEnd, y, smallSize, right, value, counts[i])
		s.text(Width-margin, y, smallSize, right, s.muted, notes[i])
		end := x0
		if b.Kind == Plain && b.Value > 0 {
			end = r.bar(s, b, x0, x1, y, full)
		}
		switch {
		case b.friendly():
			r.beside(s, fit(b.Beside, smallSize, x1-x0), s.muted, end+16, x1, y)
		case b.Friends > 0:
			r.beside(s, grouped(b.Friends)+" of friends", s.friendText, end+16, x1, y)
		}
	}
}

func (c BarChart) noteLabel() string {
	if c.Compare {
		return "change"
	}
	return c.NoteLabel
}

// note is what stands at the end of a bar's row.
func (c BarChart) note(b Bar) string {
	switch {
	case c.Compare:
		return change(b)
	case c.NoteLabel != "":
		return b.Note
	}
	return ""
}

// change is by how much the bar differs from before: "+12", "−3", "same", "new".
func change(b Bar) string {
	d := b.Value - nonNegative(b.Before)
	switch {
	case d == 0:
		return "same"
	case b.Before <= 0 && b.Kind == Plain:
		return "new"
	case d > 0:
		return "+" + amount(float64(d))
	}
	return "−" + amount(float64(-d))
}

// bar draws the bar of a row, and returns where it ends.
func (r barRows) bar(s *sheet, b Bar, x0, x1, y int, full float64) (end int) {
	length := max(int(float64(x1-x0)*min(float64(b.Value)/full, 1)), 4)
	end = x0 + length
	colour := s.Theme.bar
	if b.friendly() {
		colour = s.friend
	}
	s.bar(x0, y-barHalf, end, y+barHalf, colour)
	if b.Friends > 0 && !b.friendly() {
		part := max(int(float64(length)*float64(b.Friends)/float64(b.Value)), 4)
		s.rect(x0, y-barHalf, min(x0+part, end), y+barHalf, s.friend)
		s.rect(min(x0+part, end), y-barHalf, min(x0+part+2, end), y+barHalf, s.paper)
	}
	if float64(b.Value) > full {
		s.breakMark(x0+(x1-x0)*9/10, y, barHalf)
	}
	return end
}

// beside prints words after a bar, or on paper at its end if it is too long for that.
func (r barRows) beside(s *sheet, words string, c drawing.Color, x, x1, y int) {
	w := textWidth(words, smallSize)
	if x+w > x1 && w > (x1-x)/2 {
		return // there is no room for them
	}
	if x+w > x1 && words != "" {
		x = x1 - w
		s.rect(x-12, y-barHalf, x1, y+barHalf, s.paper)
	}
	s.text(x, y, smallSize, left, c, words)
}

// full returns the value of a bar of full length. Greater ones are cut there: up to three that are at least twenty
// times as long as the next.
func (r barRows) full() float64 {
	var values []float64
	for _, b := range r.bars {
		if b.Kind == Plain {
			values = append(values, float64(b.Value))
		}
	}
	return burst(values, 20)
}

// burst returns the value at which a scale ends: the greatest, or a quarter above the one after up to three that are at
// least dwarf times as great.
func burst(values []float64, dwarf float64) float64 {
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(b, a) })
	if len(sorted) == 0 {
		return 1
	}
	for k := 1; k <= 3 && k < len(sorted); k++ {
		if sorted[k] > 0 && sorted[k-1] >= dwarf*sorted[k] {
			return sorted[k] * 1.25
		}
	}
	return max(sorted[0], 1)
}

// breakMark draws two slanted gaps over a bar that is longer than drawn.
func (s *sheet) breakMark(x, y, half int) {
	for _, dx := range []int{0, 14} {
		s.area(s.paper,
			image.Pt(x+dx, y-half-1), image.Pt(x+dx+7, y-half-1),
			image.Pt(x+dx-3, y+half+1), image.Pt(x+dx-10, y+half+1))
	}
}
