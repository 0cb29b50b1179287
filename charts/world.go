package charts

import (
	"cmp"
	_ "embed" // the shapes
	"encoding/binary"
	"image"
	"slices"
	"sync"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

//go:generate go run ./worldgen package/countries-110m.json package/countries-50m.json world.bin

// worldShapes are made by worldgen, which describes their form.
//
//go:embed world.bin
var worldShapes []byte

// land is the shape of a country, in pixels from the upper left corner of the map.
type land struct {
	code  string
	rings [][]image.Point
	mid   image.Point     // of its greatest ring
	box   image.Rectangle // of that
}

// world returns the shapes of all countries, small ones last.
var world = sync.OnceValue(func() (all []land) {
	data := worldShapes
	number := func() int {
		v, n := binary.Uvarint(data)
		data = data[max(n, 0):]
		return int(v) //nolint:gosec // counted by worldgen
	}
	signed := func() int {
		v, n := binary.Varint(data)
		data = data[max(n, 0):]
		return int(v)
	}
	for len(data) > 2 {
		l := land{code: string(data[:2])}
		data = data[2:]
		most := -1
		for range number() {
			var ring []image.Point
			var p image.Point
			for range number() {
				p = p.Add(image.Pt(signed(), signed()))
				ring = append(ring, p)
			}
			l.rings = append(l.rings, ring)
			if box := bounds(ring); box.Dx()*box.Dy() > most {
				most, l.box, l.mid = box.Dx()*box.Dy(), box, middleOf(ring)
			}
		}
		all = append(all, l)
	}
	return all
})

func bounds(ring []image.Point) (box image.Rectangle) {
	for i, p := range ring {
		one := image.Rectangle{p, p.Add(image.Pt(1, 1))}
		if box = box.Union(one); i == 0 {
			box = one
		}
	}
	return box
}

// middleOf returns the centroid of a ring.
func middleOf(ring []image.Point) image.Point {
	area, x, y := 0, 0, 0
	for i, b := range ring {
		a := ring[(i+len(ring)-1)%len(ring)]
		cross := a.X*b.Y - b.X*a.Y
		area, x, y = area+cross, x+(a.X+b.X)*cross, y+(a.Y+b.Y)*cross
	}
	if area == 0 {
		return ring[0]
	}
	return image.Pt(x/(3*area), y/(3*area))
}

// Place is a country of a MapChart.
type Place struct {
	Code    string // ISO 3166-1, two letters; one that the map does not know is not drawn
	Name    string
	Value   int64 // below 0 counts as 0
	Friends int64 // how much of it is about friends, 0 to Value
}

// MapChart shows counts by country on a map of the world, the most with their figures, and friends encircled.
type MapChart struct {
	Head
	Places []Place // greatest first
	Unit   string  // what is counted; "" is "bans"
	Theme  Theme
	Empty  string // the text if all values are zero; "" is "No bans in this period"
}

// PNG returns the chart as a picture 1280 pixels wide and up to 800 high.
func (c MapChart) PNG() ([]byte, error) { return c.plan().png() }

// SVG returns the chart as an SVG document of the same size.
func (c MapChart) SVG() ([]byte, error) { return c.plan().svg() }

// Sizes of a MapChart in pixels.
const (
	mapHeight    = 528
	mapFigures   = 3 // countries with their figure
	mapFriends   = 3 // countries of friends with their name
	tinyLand     = 5 // a country is a dot of this radius if it has no shape
	friendRadius = 20
)

func (c MapChart) plan() plan {
	t := c.Theme.orLight()
	values := map[string]Place{}
	most := 0.0
	for _, p := range c.Places {
		p.Value = nonNegative(p.Value)
		p.Friends = min(nonNegative(p.Friends), p.Value)
		values[p.Code] = p
		most = max(most, float64(p.Value))
	}
	if most == 0 {
		return blank(t, c.Head, c.Empty)
	}
	head := c.lay()
	top := head.bottom()
	if top+mapHeight+80 > Height {
		top = Height - mapHeight - 80
	}
	return plan{height: top + mapHeight + 80, theme: t, draw: func(s *sheet) {
		sc := geometric(most)
		origin := image.Pt(margin, top)
		for _, l := range world() {
			s.land(l, origin, c.colour(s, sc, values[l.code]))
		}
		head.draw(s)
		taken := c.figures(s, values, sc, origin)
		c.friends(s, values, origin, taken)
		s.classLegend(margin, top+mapHeight+36, cmp.Or(c.Unit, "bans"), sc, swatch(s.band, "0"))
	}}
}

// colour is that of a country: of friends, if all of it is about them.
func (c MapChart) colour(s *sheet, sc classes, p Place) drawing.Color {
	if p.Value > 0 && p.Friends == p.Value {
		return s.friend
	}
	return sc.colour(s.Theme, float64(p.Value))
}

// land draws a country with a border of paper.
func (s *sheet) land(l land, origin image.Point, c drawing.Color) {
	for _, ring := range l.rings {
		if len(ring) == 1 {
			if p := ring[0].Add(origin); c != s.band {
				s.disc(p.X, p.Y, tinyLand+1.5, s.paper)
				s.disc(p.X, p.Y, tinyLand, c)
			}
			continue
		}
		s.ResetStyle()
		s.SetFillColor(c)
		s.SetStrokeColor(s.paper)
		s.SetStrokeWidth(1)
		for i, p := range ring {
			if p = p.Add(origin); i == 0 {
				s.MoveTo(p.X, p.Y)
			} else {
				s.LineTo(p.X, p.Y)
			}
		}
		s.Close()
		s.FillStroke()
	}
}

// figures prints the greatest counts on their countries, where these are wide enough, and returns where.
func (c MapChart) figures(s *sheet, values map[string]Place, sc classes, origin image.Point) (taken []image.Rectangle) {
	places := slices.Clone(c.Places)
	slices.SortStableFunc(places, func(a, b Place) int { return cmp.Compare(b.Value, a.Value) })
	for _, p := range places[:min(mapFigures, len(places))] {
		for _, l := range world() {
			words := axisLabel(float64(values[p.Code].Value))
			w := textWidth(words, smallSize)
			if l.code != p.Code || l.code == "--" || values[p.Code].Value == 0 || l.box.Dx() < w+16 || l.box.Dy() < 40 {
				continue
			}
			at := l.mid.Add(origin)
			where := image.Rect(at.X-w/2-4, at.Y-20, at.X+w/2+4, at.Y+20)
			if slices.ContainsFunc(taken, where.Overlaps) {
				continue
			}
			s.text(at.X, at.Y, smallSize, middle, s.on(c.colour(s, sc, values[p.Code])), words)
			taken = append(taken, where)
		}
	}
	return taken
}

// friends encircles the countries of friends, and names those with most.
func (c MapChart) friends(s *sheet, values map[string]Place, origin image.Point, taken []image.Rectangle) {
	named := 0
	places := slices.Clone(c.Places)
	slices.SortStableFunc(places, func(a, b Place) int { return cmp.Compare(b.Friends, a.Friends) })
	for _, p := range places {
		i := slices.IndexFunc(world(), func(l land) bool { return l.code == p.Code && l.code != "--" })
		if p = values[p.Code]; i < 0 || p.Friends == 0 {
			continue
		}
		at := world()[i].mid.Add(origin)
		s.ring(at, friendRadius)
		if named == mapFriends {
			continue
		}
		words := fit(p.Name, smallSize, 300) + " " + axisLabel(float64(p.Friends))
		w := textWidth(words, smallSize)
		for _, place := range []image.Point{
			{at.X - 60 - w, at.Y + 58}, {at.X + 60, at.Y - 58}, {at.X - 60 - w, at.Y - 58}, {at.X + 60, at.Y + 58},
		} {
			where := image.Rect(place.X-6, place.Y-20, place.X+w+6, place.Y+20)
			sheet := image.Rect(margin, origin.Y+8, Width-margin, origin.Y+mapHeight)
			if !where.In(sheet) || slices.ContainsFunc(taken, where.Overlaps) {
				continue
			}
			s.leader(at, where)
			s.rect(where.Min.X, where.Min.Y, where.Max.X, where.Max.Y, s.paper)
			s.text(place.X, place.Y, smallSize, left, s.friendText, words)
			taken, named = append(taken, where), named+1
			break
		}
	}
}

// ring draws a circle around a place.
func (s *sheet) ring(at image.Point, r float64) {
	const points = 48
	s.ResetStyle()
	s.SetStrokeColor(s.friend)
	s.SetStrokeWidth(4)
	for i := range points + 1 {
		x, y := onCircle(at, r, float64(i)/points)
		if i == 0 {
			s.MoveTo(x, y)
		} else {
			s.LineTo(x, y)
		}
	}
	s.Stroke()
}

// leader connects a circle with its label.
func (s *sheet) leader(at image.Point, label image.Rectangle) {
	to := image.Pt(min(max(at.X, label.Min.X), label.Max.X), min(max(at.Y, label.Min.Y), label.Max.Y))
	d := to.Sub(at)
	length := max(hypot(d), 1)
	s.ResetStyle()
	s.SetStrokeColor(s.friend)
	s.SetStrokeWidth(4)
	s.MoveTo(at.X+round(float64(d.X)*friendRadius/length), at.Y+round(float64(d.Y)*friendRadius/length))
	s.LineTo(to.X, to.Y)
	s.Stroke()
}

// Text returns the counts as bars. For width and height see BarChart.Text.
func (c MapChart) Text(width int) string {
	bars := BarChart{Head: c.Head, Empty: c.Empty}
	for _, p := range c.Places {
		bar := Bar{Label: p.Name, Value: p.Value, Friends: p.Friends}
		if p.Code == "" {
			bar.Kind = Unknown
		}
		bars.Bars = append(bars.Bars, bar)
	}
	return bars.Text(width)
}
