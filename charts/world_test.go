package charts

import (
	"image"
	"testing"
)

func TestTheWorldHasEveryCountryOnce(t *testing.T) {
	all := map[string]land{}
	frame := image.Rect(-1, -1, Width-2*margin+1, mapHeight+1)
	for _, l := range world() {
		if _, twice := all[l.code]; twice && l.code != "--" {
			t.Errorf("%s is there twice", l.code)
		}
		all[l.code] = l
		if len(l.rings) == 0 || !l.box.In(frame) {
			t.Errorf("%s: %d rings in %v", l.code, len(l.rings), l.box)
		}
	}
	if len(all) < 220 {
		t.Errorf("%d countries", len(all))
	}
	for west, east := range map[string]string{"US": "FR", "FR": "RU", "RU": "JP", "GF": "FR", "BR": "ZA", "SG": "FJ"} {
		if a, b := all[west].mid.X, all[east].mid.X; len(all[west].rings) == 0 || a >= b {
			t.Errorf("%s is at %d, %s at %d", west, a, east, b)
		}
	}
	if all["SE"].mid.Y >= all["ZA"].mid.Y {
		t.Error("south is up")
	}
}

func TestAMapShowsCountriesAndFriends(t *testing.T) {
	c := MapChart{Places: []Place{
		{Code: "US", Name: "United States", Value: 300}, {Code: "AU", Name: "Australia", Value: 2, Friends: 2},
	}}
	img, light := picture(t, c), Light()
	top := c.lay().bottom()
	for _, l := range world() {
		at := l.mid.Add(image.Pt(margin, top))
		switch l.code {
		case "US": // beside the figure
			if !same(img.At(at.X-60, at.Y), light.ramp[5]) {
				t.Errorf("the United States are %v", img.At(at.X-60, at.Y))
			}
		case "AU": // beside the figure, too
			if !same(img.At(at.X+30, at.Y), light.friend) {
				t.Errorf("Australia is %v", img.At(at.X, at.Y))
			}
		case "BR":
			if !same(img.At(at.X, at.Y), light.band) {
				t.Errorf("Brazil is %v", img.At(at.X, at.Y))
			}
		}
	}
}
