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

// ciede2000 is the distance of two colours as defined by G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000
// Color-Difference Formula: Implementation Notes, Supplementary Test Data, and Mathematical Observations" (2005).
// About 1 can just be seen side by side.
func ciede2000(p, q [3]float64) float64 {
	const degree = math.Pi / 180
	chroma7 := math.Pow((math.Hypot(p[1], p[2])+math.Hypot(q[1], q[2]))/2, 7)
	g := 0.5 * (1 - math.Sqrt(chroma7/(chroma7+math.Pow(25, 7))))
	a1, a2 := (1+g)*p[1], (1+g)*q[1]
	c1, c2 := math.Hypot(a1, p[2]), math.Hypot(a2, q[2])
	hue := func(a, b float64) float64 { return math.Mod(math.Atan2(b, a)/degree+360, 360) }
	h1, h2 := hue(a1, p[2]), hue(a2, q[2])
	dh, sum := h2-h1, h1+h2
	switch {
	case c1*c2 == 0:
		dh = 0
	case dh > 180:
		dh -= 360
	case dh < -180:
		dh += 360
	}
	mean := sum / 2
	if c1*c2 == 0 {
		mean = sum
	} else if math.Abs(h1-h2) > 180 {
		if mean += 180; sum >= 360 {
			mean -= 360
		}
	}
	dL, dC, dH := q[0]-p[0], c2-c1, 2*math.Sqrt(c1*c2)*math.Sin(dh/2*degree)
	l, c := (p[0]+q[0])/2, (c1+c2)/2
	t := 1 - 0.17*math.Cos((mean-30)*degree) + 0.24*math.Cos(2*mean*degree) + 0.32*math.Cos((3*mean+6)*degree) -
		0.20*math.Cos((4*mean-63)*degree)
	sL := 1 + 0.015*(l-50)*(l-50)/math.Sqrt(20+(l-50)*(l-50))
	sC, sH := 1+0.045*c, 1+0.015*c*t
	c7 := math.Pow(c, 7)
	r := -math.Sin(60*degree*math.Exp(-(mean-275)/25*(mean-275)/25)) * 2 * math.Sqrt(c7/(c7+math.Pow(25, 7)))
	return math.Sqrt(dL/sL*dL/sL + dC/sC*dC/sC + dH/sH*dH/sH + r*dC/sC*dH/sH)
}

// The pairs are from the supplementary test data of the formula's paper.
func TestDistanceOfColoursIsThatOfThePaper(t *testing.T) {
	for _, pair := range []struct {
		a, b [3]float64
		want float64
	}{
		{[3]float64{50, 2.6772, -79.7751}, [3]float64{50, 0, -82.7485}, 2.0425},
		{[3]float64{50, 2.5, 0}, [3]float64{73, 25, -18}, 27.1492},
		{[3]float64{50, 2.5, 0}, [3]float64{61, -5, 29}, 22.8977},
		{[3]float64{50, 2.5, 0}, [3]float64{56, -27, -3}, 31.9030},
		{[3]float64{50, 2.5, 0}, [3]float64{58, 24, 15}, 19.4535},
		{[3]float64{60.2574, -34.0099, 36.2677}, [3]float64{60.4626, -34.1751, 39.4387}, 1.2644},
	} {
		if got := ciede2000(pair.a, pair.b); math.Abs(got-pair.want) > 0.0001 {
			t.Errorf("%v and %v are %.4f apart, want %.4f", pair.a, pair.b, got, pair.want)
		}
	}
}

// Whatever a picture shows side by side is at least 15 apart by CIEDE2000, for every eye: fifteen times what can just
// be seen.
func TestColoursAreToldApartByEveryEye(t *testing.T) {
	const least = 14.5 // 15, rounded
	for _, theme := range []Theme{Light(), Dark()} {
		for sight, matrix := range sights {
			closest := math.Inf(1)
			for group, colours := range map[string][]drawing.Color{
				"slots, others, friends":     append(theme.slots[:], theme.rest, theme.friend),
				"everybody else and friends": {theme.bar, theme.friend},
			} {
				for i, a := range colours {
					for k, b := range colours[:i] {
						d := ciede2000(lab(a, matrix), lab(b, matrix))
						if closest = min(closest, d); d < least {
							t.Errorf("%s, %s: %s %d and %d are %.1f apart", theme.name, sight, group, k, i, d)
						}
					}
				}
			}
			t.Logf("%s, %s: at least %.1f", theme.name, sight, closest)
		}
	}
}

func TestOrangeIsFriendsAlone(t *testing.T) {
	for _, theme := range []Theme{Light(), Dark()} {
		for _, c := range theme.flat() {
			near := ciede2000(lab(c, sights["all colours"]), lab(theme.friend, sights["all colours"])) < 20
			if near && c != theme.friend && c != theme.friendText && c != theme.friendPale {
				t.Errorf("%s: %v could be taken for a friend", theme.name, c)
			}
		}
	}
}

func TestTextStandsOutFromPaper(t *testing.T) {
	for _, theme := range []Theme{Light(), Dark()} {
		for name, c := range map[string]drawing.Color{
			"ink": theme.ink, "muted": theme.muted, "friends": theme.friendText,
		} {
			// WCAG 2.1 requires 4.5 for text (success criterion 1.4.3).
			if ratio := contrast(c, theme.paper); ratio < 4.5 {
				t.Errorf("%s, %s: contrast %.1f", theme.name, name, ratio)
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
