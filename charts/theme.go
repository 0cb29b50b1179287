package charts

import (
	"fmt"
	"slices"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Slots is how many series of a chart have a colour of their own: more could not be told apart.
const Slots = 5

// Theme is the colour scheme of a chart. The zero Theme is Light.
//
// A colour means the same in every picture: orange is a friend, grey is everybody else, and the five hues of slots
// belong to whatever the caller gives a slot, such as a jail. They can be told apart with red-green and blue-yellow
// colour blindness, too; a test simulates each.
type Theme struct {
	name string

	paper, ink, muted drawing.Color // background, text, secondary text
	grid, band        drawing.Color // lines behind the data; a usual range behind dots, zero in maps
	rest, bar         drawing.Color // others and usual ranges; everybody who is no friend

	friend, friendText drawing.Color // marks of friends, words about them
	friendPale         drawing.Color // friends, at most

	slots [Slots]drawing.Color
	ramp  [6]drawing.Color // from least to most
}

// Light is dark text on a white background.
func Light() Theme {
	return Theme{
		name:  "light",
		paper: hex("ffffff"), ink: hex("17212b"), muted: hex("56636f"),
		grid: hex("dfe5eb"), band: hex("eceff3"), rest: hex("c6ced6"), bar: hex("6d8099"),
		friend: hex("e8700a"), friendText: hex("a84c00"), friendPale: hex("f9d3b2"),
		slots: [Slots]drawing.Color{hex("3f74b5"), hex("2a1f6b"), hex("7cc88f"), hex("b0859a"), hex("0d5a3c")},
		ramp: [6]drawing.Color{
			hex("c3d4e6"), hex("98b4d3"), hex("6d93bf"), hex("4573a6"), hex("255384"), hex("0d3159"),
		},
	}
}

// Dark is light text on a nearly black background.
func Dark() Theme {
	return Theme{
		name:  "dark",
		paper: hex("12181f"), ink: hex("e9eef4"), muted: hex("a3b0bd"),
		grid: hex("2b3641"), band: hex("222c37"), rest: hex("4a5662"), bar: hex("6f839b"),
		friend: hex("ff9d3c"), friendText: hex("ffb366"), friendPale: hex("6b4a2a"),
		slots: [Slots]drawing.Color{hex("5596e6"), hex("d9d4fb"), hex("9df2c6"), hex("b18a9c"), hex("12803f")},
		ramp: [6]drawing.Color{
			hex("2d4860"), hex("386186"), hex("487cab"), hex("6398ca"), hex("8fb8e0"), hex("cfe3f7"),
		},
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

// slot returns the colour of a slot, 1 to Slots; that of others for any other.
func (t Theme) slot(n int) drawing.Color {
	if n < 1 || n > Slots {
		return t.rest
	}
	return t.slots[n-1]
}

// flat returns every colour with which a chart of the theme fills shapes.
func (t Theme) flat() []drawing.Color {
	return slices.Concat([]drawing.Color{
		t.paper, t.ink, t.muted, t.grid, t.band, t.rest, t.bar, t.friend, t.friendText, t.friendPale,
	}, t.slots[:], t.ramp[:])
}

func hex(s string) drawing.Color { return drawing.ColorFromHex(s) }
