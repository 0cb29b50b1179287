package charts

import (
	"math"
	"testing"
)

func TestNumbersArePrintedForPeople(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{grouped(0), "0"},
		{grouped(999), "999"},
		{grouped(12345), "12\u202f345"},
		{grouped(1_000_000_000), "1\u202f000\u202f000\u202f000"},
		{grouped(-1234), "-1\u202f234"},
		{short(0), "0"},
		{short(999), "999"},
		{short(9.96), "10"},
		{short(999.7), "1k"},
		{short(1500), "1.5k"},
		{short(999_999), "1M"},
		{short(1.5e6), "1.5M"},
		{short(2e9), "2G"},
		{amount(3), "3"},
		{amount(3.25), "3.2"},
		{amount(1234.5), "1\u202f235"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestScaleHasFewRoundMarks(t *testing.T) {
	for _, test := range []struct {
		top, least float64
		marks      int
		step, end  float64
	}{
		{0, 1, 5, 1, 1},
		{1, 1, 5, 1, 1},
		{3, 1, 5, 1, 3},
		{7, 1, 5, 2, 8},
		{725, 1, 5, 200, 800},
		{1e9, 1, 5, 2e8, 1e9},
		{0.019, 0, 5, 0.005, 0.02},
		{1, 0, 2, 0.5, 1},
	} {
		step, end := scale(test.top, test.least, test.marks)
		if math.Abs(step-test.step) > 1e-9*test.step || math.Abs(end-test.end) > 1e-9*test.end {
			t.Errorf("scale(%v, %v, %d) is %v up to %v, want %v up to %v",
				test.top, test.least, test.marks, step, end, test.step, test.end)
		}
	}
}
