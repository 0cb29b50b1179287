package charts

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// TestGolden compares the SVG of one chart of each kind with one that was approved by eye.
func TestGolden(t *testing.T) {
	all := gallery(t)
	for _, name := range []string{
		"bars", "bars-dark", "bars-broken", "bars-none", "days", "days-burst", "levels", "heat", "strip", "shares",
		"card", "dots-dark", "spans", "spans-dark",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := all[name].SVG()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the picture is not the one in %s; look at it and run the test with -update", file)
			}
		})
	}
}

// picture draws a chart as PNG and reads it back.
func picture(t *testing.T, f figure) image.Image {
	t.Helper()
	b, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func same(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	return ar == br && ag == bg && ab == bb
}

// run returns the length of the longest run of one colour in a row of pixels.
func run(img image.Image, y int, c drawing.Color) (longest int) {
	n := 0
	for x := range img.Bounds().Dx() {
		if n++; !same(img.At(x, y), c) {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

func TestNothingIsDrawnInTheMargin(t *testing.T) {
	for name, f := range gallery(t) {
		t.Run(name, func(t *testing.T) {
			img := picture(t, f)
			paper := f.plan().theme.paper
			b := img.Bounds()
			if b.Dx() != Width || b.Dy() > Height || b.Dy() < 250 {
				t.Fatalf("the picture is %v", b)
			}
			frame := b.Inset(16)
			for y := range b.Dy() {
				for x := range b.Dx() {
					if !image.Pt(x, y).In(frame) && !same(img.At(x, y), paper) {
						t.Fatalf("at %d,%d: %v, want paper", x, y, img.At(x, y))
					}
				}
			}
		})
	}
}

func TestBarsAreAsLongAsTheirNumbers(t *testing.T) {
	c := BarChart{Head: Head{Title: "Three"}, Bars: []Bar{
		{Label: "a", Value: 1000},
		{Label: "b", Value: 500, Friends: 500},
		{Label: "c", Value: 250},
		{Label: "Unknown", Value: 100, Kind: Unknown},
	}}
	img, light := picture(t, c), Light()
	lengths := map[drawing.Color]int{}
	for y := 100; y < img.Bounds().Dy(); y++ {
		for _, colour := range []drawing.Color{light.bar, light.friend} {
			lengths[colour] = max(lengths[colour], run(img, y, colour))
		}
	}
	full, friends := float64(lengths[light.bar]), float64(lengths[light.friend])
	if math.Abs(friends-full/2) > 3 {
		t.Errorf("the friendly bar is %.0f pixels long, want %.0f", friends, full/2)
	}
	if full < 600 {
		t.Errorf("the longest bar is %.0f pixels long, want most of the picture", full)
	}
}

func TestNothingIsOrangeWithoutFriends(t *testing.T) {
	quiet := someTimes(t, 6, 30, days)
	quiet.Dots, quiet.Friends = nil, ""
	hot := someHeat()
	for i := range hot.Rows {
		for h := range hot.Rows[i].Cells {
			hot.Rows[i].Cells[h].Dots = nil
		}
	}
	for name, f := range map[string]figure{
		"bars": BarChart{Bars: []Bar{{Label: "a", Value: 5}, {Label: "b", Value: 5}}}, "days": quiet, "heat": hot,
	} {
		img := picture(t, f)
		for y := range img.Bounds().Dy() {
			if run(img, y, Light().friend)+run(img, y, Light().friendText) > 0 {
				t.Errorf("%s: orange in line %d", name, y)
				break
			}
		}
	}
}

func TestFriendsAreSeenAmongManyBans(t *testing.T) {
	c := someTimes(t, 1, 30, days)
	for i := range c.Series[0].Values {
		c.Series[0].Values[i] = 2000
	}
	c.Dots = []Dot{{At: c.Times[7], Name: "sshd"}}
	img, widest := picture(t, c), 0
	for y := range img.Bounds().Dy() {
		widest = max(widest, run(img, y, Light().friend))
	}
	if widest < 14 {
		t.Errorf("one friend of 60,000 bans is %d pixels wide", widest)
	}
}

func TestOneBarIsSaidInWords(t *testing.T) {
	svg, err := BarChart{Bars: []Bar{{Label: "China", Value: 5}}}.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(svg), ">China: 5<") {
		t.Errorf("the picture does not say it: %s", svg)
	}
}

func TestABurstDoesNotFlattenTheRest(t *testing.T) {
	c := someTimes(t, 1, 29, days)
	c.Dots = nil
	for i := range c.Series[0].Values {
		c.Series[0].Values[i] = 10
	}
	c.Series[0].Values[20] = 5001
	svg, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlot(c.layers(Light()), 150, 600)
	if p.end > 15 || !strings.Contains(string(svg), ">5\u202f001<") {
		t.Errorf("the axis ends at %v, and the burst has no figure", p.end)
	}
}

func TestAColumnThatIsNotOverIsStriped(t *testing.T) {
	for ago, want := range map[time.Duration]bool{0: false, time.Hour: false, 3 * time.Hour: true, 12 * time.Hour: true} {
		c := someTimes(t, 1, 10, days)
		c.End = days(c.Times[0], 10).Add(-ago)
		c.Dots = nil
		for i := range c.Series[0].Values {
			c.Series[0].Values[i] = 10
		}
		img, light := picture(t, c), Light()
		p := newPlot(c.layers(light), 164, 600)
		got := !same(img.At(p.x(c.End)-6, 400), light.slots[0]) || !same(img.At(p.x(c.End)-11, 400), light.slots[0])
		if got != want {
			t.Errorf("%v before its end: striped %v, want %v", ago, got, want)
		}
	}
}

// In the night in which the clocks go forward a column of six hours is of five, and over.
func TestAShortColumnBetweenOthersIsOver(t *testing.T) {
	zone := time.FixedZone("", 0)
	at := func(hour int) time.Time { return time.Date(2026, 3, 29, hour, 0, 0, 0, zone) }
	l := TimeChart{
		Times: []time.Time{at(0), at(5), at(11)}, End: at(15), Whole: 6 * time.Hour,
		Series: []Series{{Slot: 1, Values: []float64{1, 1, 1}}},
	}.layers(Light())
	l.edges = append([]time.Time{at(-6)}, l.edges...)
	for bin, want := range []bool{false, false, false, true} {
		if got := l.unfinished(bin); got != want {
			t.Errorf("bin %d of four: unfinished %v, want %v", bin, got, want)
		}
	}
}

func TestASlotHasItsColourInEveryPicture(t *testing.T) {
	few := TimeChart{Times: someTimes(t, 1, 3, days).Times, Series: []Series{
		{Name: "dovecot", Slot: 4, Values: []float64{1, 2, 3}},
		{Name: "asterisk", Slot: 9, Values: []float64{1, 1, 1}},
		{Name: "exim", Values: []float64{1, 1, 1}},
	}}
	l := few.layers(Light())
	if l.series[0].colour != Light().slots[3] {
		t.Errorf("%v, want the fourth", l.series[0].colour)
	}
	if got := l.series[1]; got.colour != Light().rest || got.name != "2 others" || got.sum != 6 {
		t.Errorf("%+v, want the others", got)
	}
}

func TestColumnsStandWhereTheirTimeIs(t *testing.T) {
	c := someTimes(t, 1, 10, days)
	c.Dots = nil
	for i := range c.Series[0].Values {
		c.Series[0].Values[i] = float64(i % 2)
	}
	c.End = days(c.Times[0], 10)
	img, light := picture(t, c), Light()
	l := c.layers(light)
	p := newPlot(l, 164, 600)
	for i, v := range c.Series[0].Values {
		x := (p.x(l.edges[i]) + p.x(l.edges[i+1])) / 2
		if got := same(img.At(x, 500), light.slots[0]); got != (v > 0) {
			t.Errorf("bin %d of %v: drawn %v", i, v, got)
		}
	}
}

// spy is a renderer that records where text is.
type spy struct {
	chart.Renderer
	size  float64
	texts []words
}

type words struct {
	image.Rectangle
	text string
	size float64
}

func (s *spy) SetFontSize(size float64) {
	s.size = size
	s.Renderer.SetFontSize(size)
}

func (s *spy) Text(text string, x, y int) {
	up, down := int(s.size*0.72), int(s.size*0.2)
	s.texts = append(s.texts, words{image.Rect(x, y-up, x+textWidth(text, s.size), y+down), text, s.size})
}

func TestNoTextIsSmallOrCutOrOverAnother(t *testing.T) {
	for name, f := range gallery(t) {
		t.Run(name, func(t *testing.T) { readable(t, f.plan()) })
	}
}

// readable fails the test if text is hard to read.
func readable(t *testing.T, p plan) {
	t.Helper()
	r, err := chart.PNG(Width, p.height)
	if err != nil {
		t.Fatal(err)
	}
	s := &spy{Renderer: r}
	p.draw(&sheet{Renderer: s, Theme: p.theme, height: p.height, literal: asIs})
	frame := image.Rect(16, 16, Width-16, p.height-8)
	for i, a := range s.texts {
		if !a.In(frame) {
			t.Errorf("%q at %v is not within %v", a.text, a.Rectangle, frame)
		}
		if a.size < 29 {
			t.Errorf("%q is %.0f pixels high: less than 9 at 400 pixels", a.text, a.size)
		}
		for _, b := range s.texts[:i] {
			if a.Overlaps(b.Rectangle) {
				t.Errorf("%q at %v is over %q at %v", a.text, a.Rectangle, b.text, b.Rectangle)
			}
		}
	}
}
