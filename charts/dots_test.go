package charts

import (
	"testing"
	"time"
)

// A dot is one ban in every row: the highest stack of all decides how large dots are, and its row has the room.
func TestDotsHaveOneSizeInAllRows(t *testing.T) {
	for _, highest := range []int{1, 4, 9, 12} {
		c := someDots(t)
		c.Dots = []Dot{{At: c.Times[3], Name: "postfix-sasl"}}
		for range highest {
			c.Dots = append(c.Dots, Dot{At: c.Times[9].Add(time.Minute), Name: "sshd"})
		}
		st := c.strip()
		const room = 440
		heights, r := st.dotHeights(room)
		if r < leastDot || heights[0]+heights[1] > room || float64(heights[0]) < (2*r+4)*float64(highest) {
			t.Errorf("a stack of %d: rows of %v in %d, radius %v", highest, heights, room, r)
		}
		if (r == bigDot) != (highest <= 9) {
			t.Errorf("a stack of %d: radius %v", highest, r)
		}
	}
}

// The row of others has a band of its own.
func TestOthersHaveWhatIsUsualForThem(t *testing.T) {
	c := someDots(t)
	for i := range c.Dots {
		c.Dots[i].Name = jails[i%4]
	}
	c.Usual, c.UsualOthers = map[string]float64{jails[3]: 7}, 2
	st := c.strip()
	got := map[string]float64{}
	for _, row := range st.rows {
		got[row.name] = c.usual(row)
	}
	if got["2 others"] != 2 || len(got) != DotRows || !c.hasUsual(st) {
		t.Errorf("usual: %v", got)
	}
}

// The first bin and the last may be short: their dots touch none of the next.
func TestDotsOfAShortBinTouchNoOthers(t *testing.T) {
	from := time.Date(2026, 10, 23, 14, 37, 0, 0, time.UTC)
	edges := []time.Time{from}
	for i := range 30 {
		edges = append(edges, time.Date(2026, 10, 24+i, 0, 0, 0, 0, time.UTC))
	}
	edges = append(edges, from.AddDate(0, 0, 30))
	p := plot{x0: dotPlotLeft, x1: Width - margin, from: edges[0], to: edges[31]}
	for i := range 30 {
		if d := p.middle(edges, i+1, bigDot) - p.middle(edges, i, bigDot); d < 2*bigDot {
			t.Errorf("dots %d and %d are %d apart", i, i+1, d)
		}
	}
	if x := p.middle(edges, 30, bigDot); x+bigDot > Width-8 {
		t.Errorf("the last dot is at %d", x)
	}
}
