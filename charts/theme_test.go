package charts

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// sights are the ways in which eyes mix linear red, green and blue: Machado, Oliveira and Fernandes, "A
// Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.0.
var sights = map[string][3][3]float64{
	"all colours": {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"no red":      {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"no green":    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"no blue":     {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

func linear(v uint8) float64 {
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// lab converts a perceived colour to CIELAB under D65.
func lab(c drawing.Color, sight [3][3]float64) [3]float64 {
	in := [3]float64{linear(c.R), linear(c.G), linear(c.B)}
	var rgb [3]float64
	for i, row := range sight {
		rgb[i] = min(max(row[0]*in[0]+row[1]*in[1]+row[2]*in[2], 0), 1)
	}
	f := func(r, g, b, white float64) float64 {
		return math.Cbrt((r*rgb[0] + g*rgb[1] + b*rgb[2]) / white)
	}
	x, y, z := f(0.4124, 0.3576, 0.1805, 0.9505), f(0.2126, 0.7152, 0.0722, 1), f(0.0193, 0.1192, 0.9505, 1.0888)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func distance(a, b [3]float64) float64 {
	return math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2])
}

func TestColoursAreToldApartByEveryEye(t *testing.T) {
	for _, theme := range []Theme{Light(), Dark()} {
		groups := map[string][]drawing.Color{
			"series": append(theme.series[:], theme.unknown),
			"bars":   {theme.bar, theme.accent, theme.unknown, theme.rest},
		}
		for sight, matrix := range sights {
			for group, colours := range groups {
				for i, a := range colours {
					for k, b := range colours[:i] {
						// 2.3 is the smallest difference that can be seen side by side.
						if d := distance(lab(a, matrix), lab(b, matrix)); d < 15 {
							t.Errorf("%s, %s: %s %d and %d are %.1f apart", theme.name, sight, group, k, i, d)
						}
					}
				}
			}
		}
	}
}

func TestTextStandsOutFromPaper(t *testing.T) {
	luminance := func(c drawing.Color) float64 {
		return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	}
	for _, theme := range []Theme{Light(), Dark()} {
		for name, c := range map[string]drawing.Color{"ink": theme.ink, "muted": theme.muted} {
			a, b := luminance(c)+0.05, luminance(theme.paper)+0.05
			// WCAG 2.1 requires 4.5 for text (success criterion 1.4.3).
			if contrast := max(a, b) / min(a, b); contrast < 4.5 {
				t.Errorf("%s, %s: contrast %.1f", theme.name, name, contrast)
			}
		}
	}
}

func TestRampRisesEvenly(t *testing.T) {
	for _, theme := range []Theme{Light(), Dark()} {
		for sight, matrix := range sights {
			for i := 1; i < len(theme.ramp); i++ {
				a, b := lab(theme.ramp[i-1], matrix)[0], lab(theme.ramp[i], matrix)[0]
				if theme.name == "light" {
					a, b = b, a
				}
				if b <= a {
					t.Errorf("%s, %s: shade %d is no step from the one before", theme.name, sight, i)
				}
			}
		}
	}
}

func TestFlatColoursStayExact(t *testing.T) {
	for _, theme := range []Theme{Light(), Dark()} {
		flat := theme.flat()
		if len(flat) >= paletteSize {
			t.Errorf("%s: %d flat colours leave none of %d for blends", theme.name, len(flat), paletteSize)
		}
		img := image.NewRGBA(image.Rect(0, 0, 256, 256))
		for i := range 256 * 256 { // more of other colours than of any flat one
			img.Set(i%256, i/256, color.RGBA{R: uint8(i), G: uint8(i / 256), B: uint8(i / 7), A: 255})
		}
		for i, c := range flat {
			img.Set(i, 0, c)
		}
		reduced := quantize(img, flat)
		for i, c := range flat {
			if got := reduced.At(i, 0); !same(got, c) {
				t.Errorf("%s: colour %d is %v, want %v", theme.name, i, got, c)
			}
		}
	}
}

func TestThemeNamed(t *testing.T) {
	for _, name := range []string{"light", "dark"} {
		if theme, err := ThemeNamed(name); err != nil || theme.name != name {
			t.Errorf("%s: got %q, %v", name, theme.name, err)
		}
	}
	if _, err := ThemeNamed("pink"); err == nil {
		t.Error("pink is a theme")
	}
}
