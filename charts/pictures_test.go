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

	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// TestGolden compares the SVG of one chart of each kind with one that was approved by eye.
func TestGolden(t *testing.T) {
	all := gallery(t)
	for _, name := range []string{
		"bars", "bars-dark", "bars-broken", "bars-none", "hours", "days", "lines", "heat",
		"shares",
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
			if b.Dx() != Width || b.Dy() > Height || b.Dy() < 300 {
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
	c := BarChart{Title: "Three", Bars: []Bar{
		{Label: "a", Value: 1000},
		{Label: "b", Value: 500, Kind: Friendly},
		{Label: "c", Value: 250},
		{Label: "Unknown", Value: 100, Kind: Unknown},
	}}
	img, light := picture(t, c), Light()
	lengths := map[drawing.Color]int{}
	for y := 120; y < img.Bounds().Dy(); y++ { // below the legend
		for _, colour := range []drawing.Color{light.bar, light.accent, light.unknown} {
			lengths[colour] = max(lengths[colour], run(img, y, colour))
		}
	}
	full := float64(lengths[light.bar])
	for name, one := range map[string]struct {
		got  int
		want float64
	}{
		"friendly": {lengths[light.accent], full / 2},
		"unknown":  {lengths[light.unknown], full / 10},
	} {
		if math.Abs(float64(one.got)-one.want) > 3 {
			t.Errorf("the %s bar is %d pixels long, want %.0f", name, one.got, one.want)
		}
	}
	if full < 600 {
		t.Errorf("the longest bar is %.0f pixels long, want most of the picture", full)
	}
}

func TestLegendNamesFriendlyBarsWhereThereAreSome(t *testing.T) {
	for name, test := range map[string]struct {
		kind Kind
		want bool
	}{"friendly": {Friendly, true}, "plain": {Plain, false}} {
		t.Run(name, func(t *testing.T) {
			img := picture(t, BarChart{Bars: []Bar{{Label: "a", Value: 5, Kind: test.kind}}})
			got := run(img, titleAt, Light().accent) >= 20
			if got != test.want {
				t.Errorf("legend: %v, want %v", got, test.want)
			}
		})
	}
}

func TestSharesWithoutAPastHaveNoColumnForIt(t *testing.T) {
	for past, want := range map[int64]bool{0: false, 100: true} {
		c := ShareChart{PastLabel: "Long ago", Rows: []Share{
			{Label: "sshd", Part: 1, Whole: 10},
			{Label: "dovecot", Part: 2, Whole: 10, PastWhole: past},
		}}
		svg, err := c.SVG()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(svg), ">Long ago<"); got != want ||
			strings.Contains(string(svg), ">–<") != want {
			t.Errorf("a past of %d bans: the column is there: %v, want %v", past, got, want)
		}
	}
}

func TestColumnsStandWhereTheirTimeIs(t *testing.T) {
	c := someTimes(t, 1, 10, days)
	for i := range c.Series[0].Values {
		c.Series[0].Values[i] = float64(i % 2)
	}
	img, light := picture(t, c), Light()
	l := c.layers(light)
	p := newPlot(l, 152, 600, true)
	for i, v := range c.Series[0].Values {
		x := (p.x(l.edges[i]) + p.x(l.edges[i+1])) / 2
		if got := same(img.At(x, 500), light.series[0]); got != (v > 0) {
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
}

func (s *spy) SetFontSize(size float64) {
	s.size = size
	s.Renderer.SetFontSize(size)
}

func (s *spy) Text(text string, x, y int) {
	up, down := int(s.size*0.72), int(s.size*0.2)
	s.texts = append(s.texts, words{image.Rect(x, y-up, x+textWidth(text, s.size), y+down), text})
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
		if a.Dy() < 18 {
			t.Errorf("%q is %d pixels high", a.text, a.Dy())
		}
		for _, b := range s.texts[:i] {
			if a.Overlaps(b.Rectangle) {
				t.Errorf("%q at %v is over %q at %v", a.text, a.Rectangle, b.text, b.Rectangle)
			}
		}
	}
}
