package charts

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Bounds are the least and the most that a number can be.
type Bounds [2]int64

// words is "13–15", "≤ 15" where it may be none, or "13" where nothing is open.
func (b Bounds) words() string {
	switch b[0] {
	case b[1]:
		return grouped(b[0])
	case 0:
		return "≤ " + grouped(b[1])
	}
	return grouped(b[0]) + "–" + grouped(b[1])
}

// Choice is a value that could be set, with what would come of it.
type Choice struct {
	Value  int
	Spared Bounds // friends
	Banned Bounds // others
	Mark   string // as "today" or "advised"; "" for none
}

// ChoiceChart shows values beside each other: how many friends each would spare, and how many others it would still
// ban. What is sure is full, what is at most pale.
//
// Choices are drawn in the given order, at most ten. The one that is picked out has a band behind it.
type ChoiceChart struct {
	Head
	Choices         []Choice
	Friends, Others int64 // that are banned today
	Picked          int   // the value of the choice that is picked out; 0: none
	Axis            string
	Theme           Theme

	Empty string // the text if there are no choices; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c ChoiceChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c ChoiceChart) SVG() ([]byte, error) { return c.plan().svg() }

const mostChoices = 10

// valid returns the choices with numbers that can be drawn.
func (c ChoiceChart) valid() (all []Choice) {
	within := func(b Bounds, most int64) Bounds {
		high := min(nonNegative(b[1]), most)
		return Bounds{min(nonNegative(b[0]), high), high}
	}
	for _, one := range c.Choices[:min(mostChoices, len(c.Choices))] {
		one.Spared = within(one.Spared, nonNegative(c.Friends))
		one.Banned = within(one.Banned, nonNegative(c.Others))
		all = append(all, one)
	}
	return all
}

// Sizes in pixels, from the bottom of the head downwards.
const (
	choiceLabel  = 26 // the middle of the first label
	choiceTop    = 56 // of the columns above
	choiceGap    = 56 // from their line to the label below
	choiceUnder  = 34 // from that label to the columns below
	choiceFoot   = 136
	choiceLower  = 160 // height of the columns below
	choiceHigher = 240 // and at most of those above
)

func (c ChoiceChart) plan() plan {
	t, choices := c.Theme.orLight(), c.valid()
	if len(choices) == 0 {
		return blank(t, c.Head, c.Empty)
	}
	head := c.lay()
	top := head.bottom()
	higher := min(Height-top-choiceTop-choiceGap-choiceUnder-choiceLower-choiceFoot, choiceHigher)
	lower := top + choiceTop + higher + choiceGap
	end := lower + choiceUnder + choiceLower
	return plan{height: end + choiceFoot, theme: t, draw: func(s *sheet) {
		head.draw(s)
		r := choiceRows{choices: choices, picked: c.Picked, pitch: (Width - 2*(margin+12)) / len(choices)}
		r.pitch = min(r.pitch, 160)
		bands := []stack{
			{
				"Friends spared, of " + grouped(nonNegative(c.Friends)), top + choiceLabel, top + choiceTop, higher,
				nonNegative(c.Friends), s.friendText, s.friend, s.friendPale,
			},
			{
				"Others still banned, of " + grouped(nonNegative(c.Others)), lower, lower + choiceUnder, choiceLower,
				nonNegative(c.Others), s.ink, s.Theme.bar, s.rest,
			},
		}
		r.band(s, bands[0].top-8, bands[0].top+higher)
		r.band(s, bands[1].top-8, end+80)
		r.spared(s, bands[0])
		r.banned(s, bands[1])
		r.values(s, end)
		s.text(Width-margin, end+102, smallSize, right, s.muted, fit(c.Axis, smallSize, Width-2*margin))
	}}
}

// stack is one of the two rows of columns.
type stack struct {
	label       string
	at          int // the middle of the label
	top, height int // of the columns
	whole       int64
	text        drawing.Color // of the label
	sure, most  drawing.Color
}

// choiceRows is the body of a ChoiceChart, ready to be drawn.
type choiceRows struct {
	choices []Choice
	picked  int
	pitch   int // pixels
}

// column returns where the column of a choice begins and ends.
func (r choiceRows) column(i int) (x0, x1 int) {
	width := min(r.pitch*7/10, 80)
	x0 = margin + 12 + i*r.pitch + (r.pitch-width)/2
	return x0, x0 + width
}

// band is drawn behind the choice that is picked out.
func (r choiceRows) band(s *sheet, top, bottom int) {
	for i, one := range r.choices {
		if one.Value == r.picked {
			x := margin + 12 + i*r.pitch
			s.rect(x+2, top, x+r.pitch-2, bottom, s.Theme.band)
		}
	}
}

// header prints the label of a row, its legend, and the line on which its columns stand.
func (r choiceRows) header(s *sheet, st stack, sure bool) {
	s.text(margin, st.at, textSize, left, st.text, st.label)
	entries := []legendEntry{swatch(st.most, "at most")}
	if sure {
		entries = append([]legendEntry{swatch(st.sure, "surely")}, entries...)
	}
	s.legend(Width-margin-legendWidth(entries), st.at, entries...)
	s.rect(margin+12, st.top+st.height, margin+12+r.pitch*len(r.choices), st.top+st.height+2, s.muted)
}

// length is that of a part of the whole.
func (st stack) length(n int64) int {
	if n <= 0 || st.whole <= 0 {
		return 0
	}
	return max(round(float64(st.height-40)*float64(n)/float64(st.whole)), 3)
}

// spared draws the columns above, with their numbers on top.
func (r choiceRows) spared(s *sheet, st stack) {
	r.header(s, st, slices.ContainsFunc(r.choices, func(one Choice) bool { return one.Spared[0] > 0 }))
	bottom := st.top + st.height
	for i, one := range r.choices {
		x0, x1 := r.column(i)
		sure, most := bottom-st.length(one.Spared[0]), bottom-st.length(one.Spared[1])
		s.rect(x0, most, x1, sure, st.most)
		s.rect(x0, sure, x1, bottom, st.sure)
		colour := s.muted
		if one.Value == r.picked {
			colour = s.friendText
		}
		s.text((x0+x1)/2, most-20, smallSize, middle, colour, r.fits(one.Spared.words(), one.Spared[1]))
	}
}

// banned draws the columns below, with the numbers that are sure in them.
func (r choiceRows) banned(s *sheet, st stack) {
	r.header(s, st, true)
	whole := stack{height: st.height + 40, whole: st.whole}
	bottom := st.top + st.height
	for i, one := range r.choices {
		x0, x1 := r.column(i)
		sure, most := bottom-whole.length(one.Banned[0]), bottom-whole.length(one.Banned[1])
		s.rect(x0, most, x1, sure, st.most)
		s.rect(x0, sure, x1, bottom, st.sure)
		words := grouped(one.Banned[0])
		if textWidth(words, smallSize) > x1-x0 {
			words = short(float64(one.Banned[0]))
		}
		y, colour := sure+24, s.paper
		if bottom-sure < 40 { // there is no room for it
			y, colour = sure-20, s.ink
		}
		s.text((x0+x1)/2, y, smallSize, middle, colour, words)
	}
}

// fits returns the words, or a shorter form of the number if they are too wide for a column.
func (r choiceRows) fits(words string, most int64) string {
	if textWidth(words, smallSize) <= r.pitch-6 {
		return words
	}
	return fit("≤ "+short(float64(most)), smallSize, r.pitch-6)
}

// values prints the values below the columns.
func (r choiceRows) values(s *sheet, end int) {
	for i, one := range r.choices {
		x0, x1 := r.column(i)
		size, colour := textSize, s.muted
		if one.Mark != "" {
			size, colour = 36, s.ink
		}
		s.text((x0+x1)/2, end+32, size, middle, colour, fit(strconv.Itoa(one.Value), size, r.pitch-4))
		s.text((x0+x1)/2, end+66, smallSize, middle, s.ink, fit(one.Mark, smallSize, r.pitch-4))
	}
}

// Text returns the chart as a row for each choice, with a bar of the friends that it may spare. For width and height
// see BarChart.Text.
func (c ChoiceChart) Text(width int) string {
	p := newPage(width, c.Title, c.Subtitle)
	choices := c.valid()
	if len(choices) == 0 {
		p.add(cmp.Or(c.Empty, defaultEmpty))
		return p.String()
	}
	values, spared, banned := []string{""}, []string{"spared"}, []string{"banned"}
	for _, one := range choices {
		value := strconv.Itoa(one.Value)
		if one.Value == c.Picked {
			value = "! " + value
		}
		values, spared, banned = append(values, value), append(spared, one.Spared.words()), append(banned, one.Banned.words())
	}
	v, k, b := maxCellCount(values), maxCellCount(spared), maxCellCount(banned)
	room := max(p.width-v-k-b-3, 0)
	for i := range values {
		bar := ""
		if i > 0 && c.Friends > 0 && room > 3 {
			bar = blockBar(float64(choices[i-1].Spared[1])/float64(c.Friends), room)
		}
		p.row(padLeft(values[i], v) + " " + padRight(bar, room) + " " + padLeft(spared[i], k) + " " + padLeft(banned[i], b))
	}
	if c.Picked > 0 {
		p.add("! advised")
	}
	return p.String()
}
