package charts

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// sketch returns bars as "label=value", with a symbol for their kind.
func sketch(bars []Bar) string {
	var parts []string
	for _, b := range bars {
		symbol := [...]string{"", "?", "+"}[b.Kind]
		if b.Kind == Plain && b.Friends > 0 {
			symbol = "*"
		}
		parts = append(parts, symbol+b.Label+"="+strconv.FormatInt(b.Value, 10))
	}
	return strings.Join(parts, " ")
}

func TestFold(t *testing.T) {
	for name, test := range map[string]struct {
		bars []Bar
		most int
		want string
	}{
		"nothing": {nil, 3, ""},
		"all fit": {[]Bar{{Label: "a", Value: 3}, {Label: "b", Value: 2}}, 3, "a=3 b=2"},
		"one more is not folded alone": {
			[]Bar{{Label: "a", Value: 3}, {Label: "b", Value: 2}, {Label: "c", Value: 1}},
			2,
			"a=3 b=2 c=1",
		},
		"two more are": {
			[]Bar{{Label: "a", Value: 4}, {Label: "b", Value: 3}, {Label: "c", Value: 2}, {Label: "d", Value: 1}},
			2,
			"a=4 b=3 +2 others=3",
		},
		"a friend stays": {
			[]Bar{
				{Label: "a", Value: 4},
				{Label: "b", Value: 3},
				{Label: "c", Value: 2},
				{Label: "d", Value: 1, Friends: 1},
			},
			2,
			"a=4 *d=1 +2 others=5",
		},
		"only so many friends": {
			[]Bar{
				{Label: "a", Value: 9},
				{Label: "b", Value: 4, Friends: 1},
				{Label: "c", Value: 3, Friends: 1},
				{Label: "d", Value: 2, Friends: 1},
			},
			2,
			"*b=4 *c=3 +2 others=11",
		},
		"unknown is last": {
			[]Bar{{Label: "?", Value: 9, Kind: Unknown}, {Label: "a", Value: 1}},
			3,
			"a=1 ??=9",
		},
		"folded before and now": {
			[]Bar{{Label: "a", Value: 2}, {Label: "b", Value: 1}, {Label: "rest", Value: 5, Kind: Others}},
			1,
			"a=2 +Others=6",
		},
		"folded before": {[]Bar{{Label: "a", Value: 2}, {Label: "rest", Value: 5, Kind: Others}}, 1, "a=2 +rest=5"},
		"negative":      {[]Bar{{Label: "a", Value: -2}}, 1, "a=0"},
		"too great a sum": {
			[]Bar{{Label: "a", Value: 1}, {Label: "b", Value: math.MaxInt64}, {Label: "c", Value: 1}},
			1,
			"a=1 +2 others=9223372036854775807",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sketch(fold(test.bars, test.most)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestFoldKeepsTheSum(t *testing.T) {
	bars := someBars(250)
	for most := 1; most <= 20; most++ {
		folded := fold(bars, most)
		if got, want := total(folded), total(bars); got != want {
			t.Errorf("at most %d: the sum is %d, want %d", most, got, want)
		}
		if len(folded) > most+2 {
			t.Errorf("at most %d: %d bars", most, len(folded))
		}
	}
}

func TestSharesAreFoldedBySum(t *testing.T) {
	rows := []Share{
		{Label: "a", Part: 1, Whole: 2},
		{Part: 1, Whole: 4},
		{Part: 3, Whole: 4, Low: 0.1, High: 0.2},
	}
	got := foldShares(rows, 1)
	want := Share{Label: "2 others", Part: 4, Whole: 8}
	if len(got) != 2 || got[1] != want {
		t.Errorf("got %+v, want %+v last", got, want)
	}
}
