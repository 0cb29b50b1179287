package charts

import (
	"image"
	"math"
	"strconv"
)

// nonNegative returns v, or 0 if it is negative.
func nonNegative(v int64) int64 { return max(v, 0) }

// addCapped adds two counts, and returns the largest int64 on overflow.
func addCapped(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// drawable returns v, or 0 if it is negative, NaN or infinite; huge numbers are capped.
func drawable(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0
	}
	return min(v, 1e15)
}

// grouped prints 12345 as "12 345", with a thin space, and 1234 as "1 234".
func grouped(v int64) string {
	s := strconv.FormatInt(v, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + string(thin) + s[i:]
	}
	return s
}

// amount prints a measured number: without decimals if it is whole or at least 100, else with one, and from 10^10 on
// in short form.
func amount(v float64) string {
	switch {
	case v >= 1e10:
		return short(v)
	case v >= 100 || v == math.Trunc(v):
		return grouped(int64(v + 0.5))
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// short prints 12345 as "12k" and 1500000 as "1.5M": at most four characters up to 999T.
func short(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n := v / unit.size; n >= 0.9995 {
			return strconv.FormatFloat(round1(n), 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatFloat(round1(v), 'f', -1, 64)
}

// round1 rounds to one decimal below ten, to none above.
func round1(v float64) float64 {
	if v < 9.95 {
		return math.Round(v*10) / 10
	}
	return math.Round(v)
}

// scale returns the step between marks on an axis that begins at 0, and its end, a multiple of step not below top.
// There are at most marks steps, unless step would be below least. A step is 1, 2 or 5 times a power of ten, or least.
func scale(top, least float64, marks int) (step, end float64) {
	if top <= 0 {
		top = least
	}
	step = math.Pow(10, math.Floor(math.Log10(top/float64(marks))))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*step*float64(marks) >= top*(1-1e-9) {
			step *= m
			break
		}
	}
	step = max(step, least)
	return step, step * math.Ceil(top/step*(1-1e-9))
}

func round(v float64) int { return int(math.Round(v)) }

// linear returns the intensity of a channel of sRGB, 0 to 1.
func linear(v uint8) float64 {
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// hypot is the length of a difference.
func hypot(d image.Point) float64 { return math.Hypot(float64(d.X), float64(d.Y)) }

// onCircle is a point on a circle, after a part of a turn.
func onCircle(mid image.Point, r, turn float64) (x, y int) {
	return mid.X + round(r*math.Cos(2*math.Pi*turn)), mid.Y + round(r*math.Sin(2*math.Pi*turn))
}
