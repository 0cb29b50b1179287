package charts

import (
	"fmt"
	"slices"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Theme is the colour scheme of a chart. The zero Theme is Light.
//
// The colours can be told apart with red-green and blue-yellow colour blindness, too; a test simulates each.
type Theme struct {
	name string

	paper, ink, muted drawing.Color // background, text, secondary text
	grid, track       drawing.Color // lines behind the data, the empty part of a bar

	bar, accent, unknown, rest drawing.Color // bars: plain, highlighted, unknown, folded

	series [maxSeries]drawing.Color // for the layers of a TimeChart
	ramp   []drawing.Color          // from least to most, for a HeatMap
}

// Light is dark text on a white background.
func Light() Theme {
	return Theme{
		name:  "light",
		paper: hex("ffffff"), ink: hex("17212b"), muted: hex("5b6875"),
		grid: hex("dfe5eb"), track: hex("f1f4f7"),
		bar: hex("3f74b5"), accent: hex("e8700a"), unknown: hex("b0b7bf"), rest: hex("86b0e6"),
		series: hexes("3f74b5", "e69f00", "332288", "ee6677", "56b4e9", "5d4037", "ddcc77", "aa3377"),
		ramp:   ramp("dcebf2", "9fd0c9", "4fa8b8", "2b6ca3", "1d2f6f"),
	}
}

// Dark is light text on a nearly black background.
func Dark() Theme {
	return Theme{
		name:  "dark",
		paper: hex("12181f"), ink: hex("e9eef4"), muted: hex("9aa8b8"),
		grid: hex("2b3641"), track: hex("1b232c"),
		bar: hex("5596dc"), accent: hex("ff9d3c"), unknown: hex("66727f"), rest: hex("36587f"),
		series: hexes("5596dc", "f28c8c", "d2c2f4", "8cf28c", "ab552a", "b4e15a", "f4c2d2", "80ab2a"),
		ramp:   ramp("1f3048", "24567f", "2f8da0", "7cc7a5", "f4f1b0"),
	}
}

// ThemeNamed returns the theme called "light" or "dark".
func ThemeNamed(name string) (Theme, error) {
	for _, t := range []Theme{Light(), Dark()} {
		if t.name == name {
			return t, nil
		}
	}
	return Theme{}, fmt.Errorf("theme %q: want \"light\" or \"dark\"", name)
}

func (t Theme) orLight() Theme {
	if t.name == "" {
		return Light()
	}
	return t
}

// flat returns every colour with which a chart of the theme fills shapes.
func (t Theme) flat() []drawing.Color {
	return slices.Concat([]drawing.Color{
		t.paper, t.ink, t.muted, t.grid, t.track, t.bar, t.accent, t.unknown, t.rest,
	}, t.series[:], t.ramp)
}

func hex(s string) drawing.Color { return drawing.ColorFromHex(s) }

func hexes(names ...string) (colours [maxSeries]drawing.Color) {
	for i, name := range names {
		colours[i] = hex(name)
	}
	return colours
}

// rampSteps is the number of shades in a ramp: fine enough to look smooth, few enough for a small PNG.
const rampSteps = 24

// ramp blends the named colours into rampSteps shades.
func ramp(names ...string) []drawing.Color {
	shades := make([]drawing.Color, rampSteps)
	for i := range shades {
		at := float64(i) / (rampSteps - 1) * float64(len(names)-1)
		k := min(int(at), len(names)-2)
		a, b, f := hex(names[k]), hex(names[k+1]), at-float64(k)
		mix := func(a, b uint8) uint8 { return uint8(float64(a) + f*(float64(b)-float64(a)) + 0.5) }
		shades[i] = drawing.Color{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 255}
	}
	return shades
}
