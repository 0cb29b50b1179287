package charts

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Share is one row of a ShareChart: the part of a whole, and the usual range of the share. Numbers below 0 count as 0,
// and a part that exceeds its whole counts as the whole.
type Share struct {
	Label       string
	Part, Whole int64
	Low, High   float64 // the usual range of Part/Whole, 0 to 1; High 0: it is not known
	Marked      bool    // above what is usual
	Note        string  // beside the share, in place of the usual range in words
}

// ShareChart shows shares of friends as marks on their usual ranges.
//
// Rows are drawn in the given order; those beyond five are added up in one row.
type ShareChart struct {
	Head
	Rows  []Share
	Theme Theme

	WholeLabel string // what the whole is; "" is "bans"
	Empty      string // the text if there are no rows; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c ShareChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c ShareChart) SVG() ([]byte, error) { return c.plan().svg() }

const (
	mostShares = 5
	sharePitch = 102
)

func (c ShareChart) plan() plan {
	t := c.Theme.orLight()
	shares := foldShares(c.Rows, mostShares)
	if len(shares) == 0 {
		return blank(t, c.Head, c.Empty)
	}
	head := c.lay(shareLegend(shares)...)
	top := head.bottom() + 12
	pitch := min((Height-top-72)/len(shares), sharePitch)
	return plan{height: top + pitch*len(shares) + 72, theme: t, draw: func(s *sheet) {
		head.draw(s)
		shareRows{shares, cmp.Or(c.WholeLabel, "bans"), top, pitch}.draw(s)
	}}
}

func shareLegend(shares []Share) []legendEntry {
	entries := []legendEntry{{"now", 12, func(s *sheet, x, y int) { s.rect(x, y-18, x+12, y+18, s.friend) }}}
	if slices.ContainsFunc(shares, func(r Share) bool { return r.High > 0 }) {
		usual := legendEntry{"usual", 34, func(s *sheet, x, y int) { s.rect(x, y-12, x+34, y+12, s.rest) }}
		entries = append([]legendEntry{usual}, entries...)
	}
	return entries
}

// foldShares makes every row valid, and adds up the rows beyond most.
func foldShares(all []Share, most int) (shares []Share) {
	for i, r := range all {
		r.Whole = nonNegative(r.Whole)
		r.Part = min(nonNegative(r.Part), r.Whole)
		r.High = min(drawable(r.High), 1)
		r.Low = min(drawable(r.Low), r.High)
		if i < most {
			shares = append(shares, r)
			continue
		}
		if i == most {
			shares = append(shares, Share{Label: grouped(int64(len(all)-most)) + " others"})
		}
		rest := &shares[most]
		rest.Part, rest.Whole = addCapped(rest.Part, r.Part), addCapped(rest.Whole, r.Whole)
		rest.Marked = rest.Marked || r.Marked
	}
	return shares
}

func (r Share) now() float64 {
	if r.Whole <= 0 {
		return 0
	}
	return float64(r.Part) / float64(r.Whole)
}

// Usual is the usual range in words: "usually 0.2 to 1%"; "" if it is not known.
func (r Share) Usual() string {
	if r.High <= 0 {
		return ""
	}
	low, high := sharePercent(r.Low), sharePercent(r.High)
	if low == high {
		return "usually " + high
	}
	return "usually " + trimUnit(low) + " to " + high
}

func trimUnit(s string) string { return strings.TrimSuffix(s, "%") }

// sharePercent prints 0.025 as "2.5%".
func sharePercent(v float64) string {
	p := 100 * v
	digits := 1
	if p == math.Trunc(p) {
		digits = 0
	}
	words := strconv.FormatFloat(p, 'f', digits, 64)
	if words == "0.0" {
		words = "< 0.1"
	}
	return words + "%"
}

// shareRows is the body of a ShareChart, ready to be drawn.
type shareRows struct {
	shares     []Share
	whole      string
	top, pitch int // pixels
}

func (r shareRows) draw(s *sheet) {
	greatest := 0.001
	var names, counts, nows, notes []string
	for _, one := range r.shares {
		greatest = max(greatest, one.now(), one.High)
		names = append(names, fit(one.Label, smallSize, 300))
		counts = append(counts, fit(grouped(one.Part)+" of "+grouped(one.Whole)+" "+r.whole, smallSize, 300))
		nows = append(nows, sharePercent(one.now()))
		notes = append(notes, fit(cmp.Or(one.Note, one.Usual()), smallSize, 300))
	}
	x0 := margin + max(maxTextWidth(smallSize, names...), maxTextWidth(smallSize, counts...)) + 40
	x1 := Width - margin - max(maxTextWidth(36, nows...), maxTextWidth(smallSize, notes...)) - 40
	step, end := scale(greatest, 0, max((x1-x0)/150, 2))
	bottom := r.top + r.pitch*len(r.shares)
	at := func(v float64) int { return x0 + round(float64(x1-x0)*min(v/end, 1)) }
	for i := range round(end/step) + 1 {
		v := float64(i) * step
		s.rect(at(v), r.top, at(v)+2, bottom+4, s.grid)
		words := sharePercent(math.Round(v*1e7) / 1e7)
		s.text(at(v), bottom+30, smallSize, middle, s.muted, words)
	}
	for i, one := range r.shares {
		y := r.top + i*r.pitch + r.pitch/2
		s.text(margin, y-16, smallSize, left, s.ink, names[i])
		s.text(margin, y+17, smallSize, left, s.muted, counts[i])
		size, colour := textSize, s.ink
		if one.Marked {
			size, colour = 36.0, s.friendText
		}
		s.text(Width-margin, y-16, size, right, colour, nows[i])
		s.text(Width-margin, y+17, smallSize, right, s.muted, notes[i])
		if one.High > 0 {
			s.rect(at(one.Low), y-17, max(at(one.High), at(one.Low)+4), y+17, s.rest)
			if now := at(one.now()); one.Marked && now > at(one.High) {
				s.rect(at(one.High), y-4, now, y+4, s.friend)
			}
		}
		s.rect(at(one.now())-6, y-27, at(one.now())+6, y+27, s.friend)
	}
}
