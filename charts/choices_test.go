package charts

import (
	"math"
	"strings"
	"testing"
)

// someChoices are those of a jail with 3 tries, of which five would have spared most friends.
func someChoices() ChoiceChart {
	c := ChoiceChart{
		Head: Head{
			Title: "sshd: maxretry 5 would have spared up to 15 of 24 friends", Friends: "up to 15 of 24 friends",
			Subtitle: "and still banned 635 to 655 of 655 others, with 1 310 more guesses at most",
		},
		Friends: 24, Others: 655, Picked: 5, Axis: "maxretry, replayed for Thu 12 to Sat 28 Nov",
	}
	for i, spared := range []int64{0, 11, 15, 18, 19, 20, 21, 21, 22, 22} {
		one := Choice{Value: 3 + i, Spared: Bounds{0, spared}, Banned: Bounds{655 - int64(i*i*5), 655}}
		switch i {
		case 0:
			one.Mark, one.Banned[0] = "today", 655
		case 2:
			one.Mark = "advised"
		}
		c.Choices = append(c.Choices, one)
	}
	return c
}

// choicesGallery are charts of choices as they occur, and some that hardly do.
func choicesGallery() map[string]figure {
	dark, sure, many, two, long := someChoices(), someChoices(), someChoices(), someChoices(), someChoices()
	dark.Theme = Dark()
	for i := range sure.Choices {
		sure.Choices[i].Spared[0] = max(0, sure.Choices[i].Spared[1]-int64(i))
	}
	many.Friends, many.Others = 12_345, 1_234_567
	for i := range many.Choices {
		many.Choices[i].Spared, many.Choices[i].Banned = Bounds{0, int64(1234 * i)}, Bounds{int64(12_345 * i), 1_234_567}
	}
	two.Choices, two.Picked = two.Choices[:2], 0
	long.Title = strings.Repeat("a jail with a long name ", 5)
	long.Subtitle = strings.Repeat("a subtitle that goes on ", 6)
	return map[string]figure{
		"choices": someChoices(), "choices-dark": dark, "choices-sure": sure, "choices-many": many, "choices-two": two,
		"choices-long": long,
	}
}

func TestBoundsAreTwoNumbers(t *testing.T) {
	for want, b := range map[string]Bounds{"13–15": {13, 15}, "≤ 15": {0, 15}, "15": {15, 15}, "0": {}} {
		if got := b.words(); got != want {
			t.Errorf("%v: %q", b, got)
		}
	}
}

func TestChoicesAsText(t *testing.T) {
	for _, width := range []int{24, 38, 100} {
		text := someChoices().Text(width)
		for _, line := range []string{"! 5", "≤ 15", "635–655", "! advised"} {
			if !strings.Contains(text, line) {
				t.Errorf("%d cells: no %q in\n%s", width, line, text)
			}
		}
	}
}

// hostileChoices have numbers that make no sense.
func hostileChoices() ChoiceChart {
	c := ChoiceChart{Friends: math.MinInt64, Others: math.MaxInt64, Axis: strings.Join(hostile, " "), Picked: -1}
	for i := range 50 {
		c.Choices = append(c.Choices, Choice{
			Value: -i * math.MaxInt32, Spared: Bounds{math.MaxInt64, -5}, Banned: Bounds{-7, math.MaxInt64},
			Mark: hostile[i%len(hostile)],
		})
	}
	return c
}
