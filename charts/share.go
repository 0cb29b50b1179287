package charts

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Share is one row of a ShareChart: a part of a whole now, and in the past. Numbers below 0 count as 0, and a part that
// exceeds its whole counts as the whole.
type Share struct {
	Label               string
	Part, Whole         int64
	PastPart, PastWhole int64 // PastWhole 0: there is no past
	Marked              bool  // highlighted
}

// ShareChart shows shares as bars, and past shares as marks on them.
//
// Rows are drawn in the given order; those beyond twelve are added up in one row.
type ShareChart struct {
	Title    string
	Subtitle string // up to two lines
	Rows     []Share
	Theme    Theme

	NowLabel    string // the legend for the bars; "" is "This period"
	MarkedLabel string // the legend for the marked ones; "" is "Unusual"
	PastLabel   string // the legend for past shares; "" is "Usual"
	Empty       string // the text if there are no rows; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c ShareChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c ShareChart) SVG() ([]byte, error) { return c.plan().svg() }

func (c ShareChart) plan() plan {
	t := c.Theme.orLight()
	shares := foldShares(c.Rows, 12)
	if len(shares) == 0 {
		return blank(t, c.Title, c.Subtitle, c.Empty)
	}
	top := headerHeight(c.Subtitle) + 36
	const bottom = 72
	pitch, height := rowPitch(len(shares), top, bottom, 72)
	return plan{
		height: height,
		theme:  t,
		draw: func(s *sheet) {
			s.header(c.Title, c.Subtitle, c.legend(t, shares)...)
			shareRows{shares: shares, heading: c.pastLabel(), top: top, pitch: pitch}.draw(s)
		},
	}
}

func (c ShareChart) pastLabel() string { return cmp.Or(c.PastLabel, "Usual") }

func (c ShareChart) legend(t Theme, shares []Share) []legendEntry {
	signs := []legendEntry{{colour: t.bar, label: cmp.Or(c.NowLabel, "This period")}}
	var marked, past bool
	for _, r := range shares {
		marked = marked || r.Marked
		past = past || r.PastWhole > 0
	}
	if marked {
		signs = append(signs, legendEntry{colour: t.accent, label: cmp.Or(c.MarkedLabel, "Unusual")})
	}
	if past {
		signs = append(signs, legendEntry{colour: t.ink, label: c.pastLabel(), thin: true})
	}
	return signs
}

// foldShares makes every row valid, and adds up the rows beyond most.
func foldShares(all []Share, most int) (shares []Share) {
	for i, r := range all {
		r.Whole, r.PastWhole = nonNegative(r.Whole), nonNegative(r.PastWhole)
		r.Part, r.PastPart = min(nonNegative(r.Part), r.Whole), min(nonNegative(r.PastPart), r.PastWhole)
		if i < most || len(all) == most+1 {
			shares = append(shares, r)
			continue
		}
		if i == most {
			shares = append(shares, Share{Label: grouped(int64(len(all)-most)) + " others"})
		}
		rest := &shares[most]
		rest.Part, rest.Whole = addCapped(rest.Part, r.Part), addCapped(rest.Whole, r.Whole)
		rest.PastPart, rest.PastWhole = addCapped(rest.PastPart, r.PastPart), addCapped(rest.PastWhole, r.PastWhole)
		rest.Marked = rest.Marked || r.Marked
	}
	return shares
}

func (r Share) now() float64 { return ratio(r.Part, r.Whole) }

func (r Share) before() float64 { return ratio(r.PastPart, r.PastWhole) }

// usual returns the past share as text.
func (r Share) usual() string {
	if r.PastWhole == 0 {
		return "–"
	}
	return percent(r.PastPart, r.PastWhole)
}

func ratio(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// shareRows is the body of a ShareChart, ready to be drawn.
type shareRows struct {
	shares     []Share
	heading    string // of the column of past shares
	top, pitch int    // pixels
}

func (r shareRows) draw(s *sheet) {
	size := max(min(textSize, float64(r.pitch)*0.6), smallSize)
	const gap = 26
	var names, nows, counts, pasts []string
	greatest := 0.0
	for _, one := range r.shares {
		names = append(names, fit(one.Label, size, 300))
		nows = append(nows, percent(one.Part, one.Whole))
		counts = append(counts, grouped(one.Part)+" of "+grouped(one.Whole))
		pasts = append(pasts, one.usual())
		greatest = max(greatest, one.now(), one.before())
	}
	if maxTextWidth(size, counts...) > 400 {
		for i, one := range r.shares {
			counts[i] = short(float64(one.Part)) + " of " + short(float64(one.Whole))
		}
	}
	heading := fit(r.heading, smallSize, 160)
	pastEnd := Width - margin
	countEnd := pastEnd - max(maxTextWidth(size, pasts...), textWidth(heading, smallSize)) - gap
	if !slices.ContainsFunc(r.shares, func(one Share) bool { return one.PastWhole > 0 }) { // no past, no column for it
		heading, pasts, countEnd = "", make([]string, len(pasts)), pastEnd
	}
	nowEnd := countEnd - maxTextWidth(size, counts...) - gap
	x0 := margin + maxTextWidth(size, names...) + 16
	x1 := nowEnd - maxTextWidth(size, nows...) - gap

	step, end := scale(max(greatest, 0.001), 0, max((x1-x0)/120, 2))
	bottom := r.top + r.pitch*len(r.shares)
	at := func(v float64) int { return x0 + int(math.Round(float64(x1-x0)*min(v/end, 1))) }
	for i := range int(math.Round(end/step)) + 1 {
		v := float64(i) * step
		s.rect(at(v), r.top, at(v)+1, bottom+8, s.grid)
		percents := strconv.FormatFloat(math.Round(v*1e7)/1e5, 'f', -1, 64) + "%"
		s.text(at(v), bottom+26, smallSize, middle, s.muted, percents)
	}
	s.text(pastEnd, r.top-12, smallSize, right, s.muted, heading)
	for i, one := range r.shares {
		y := r.top + i*r.pitch + r.pitch/2
		half := max(r.pitch*28/100, 8)
		s.text(x0-16, y, size, right, s.ink, names[i])
		s.text(nowEnd, y, size, right, s.shareColour(one, s.ink), nows[i])
		s.text(countEnd, y, size, right, s.muted, counts[i])
		s.text(pastEnd, y, size, right, s.muted, pasts[i])
		if one.Part > 0 {
			s.bar(x0, y-half, max(at(one.now()), x0+3), y+half, s.shareColour(one, s.Theme.bar))
		}
		if one.PastWhole > 0 {
			x := at(one.before())
			s.rect(x-4, y-half-6, x+4, y+half+6, s.paper)
			s.rect(x-2, y-half-6, x+2, y+half+6, s.ink)
		}
	}
}

func (t Theme) shareColour(r Share, otherwise drawing.Color) drawing.Color {
	if r.Marked {
		return t.accent
	}
	return otherwise
}
