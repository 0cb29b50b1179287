package charts

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

// hostile is text under an attacker's control.
var hostile = []string{
	"", " ", "\x00\x07\x1b[31mred\x1b[0m\n\r\t", "\u202edetrevni\u2066\u200b\ufeff", "<script>alert('x')</script>",
	`"&amp;" & ]]> <!-- -->`, "日本語 العربية 🇧🇪 👨‍👩‍👧", "\xff\xfe broken", strings.Repeat("W", 5000),
	strings.Repeat("é̂", 2000), strings.Repeat("word ", 3000), "%s%d%!", "\U0010ffff\ufffe",
}

var wild = []float64{math.NaN(), math.Inf(1), math.Inf(-1), -5, 0, 1e-300, 0.5, 1, 1e9, math.MaxFloat64}

// hostileCharts are charts in which every number and text is as bad as possible.
func hostileCharts(t *testing.T) map[string]figure {
	t.Helper()
	all := map[string]figure{
		"zero bars": BarChart{}, "zero times": TimeChart{}, "zero heat": HeatMap{}, "zero shares": ShareChart{},
		"zero choices": ChoiceChart{}, "choices": hostileChoices(), "zero levels": LevelChart{}, "zero dots": DotChart{}, "zero hours": HourStrip{},
		"unknown only": BarChart{Bars: []Bar{{Label: "Unknown", Value: 7, Kind: Unknown}}},
		"all zero":     BarChart{Bars: make([]Bar, 40)},
		"equal":        BarChart{Bars: []Bar{{Label: "a", Value: 5}, {Label: "b", Value: 5}}},
		"one ban":      BarChart{Bars: []Bar{{Label: "a", Value: 1}}},
		"most bans":    BarChart{Bars: []Bar{{Label: "a", Value: 1e9}, {Label: "b", Value: 1}}},
		"kind":         BarChart{Bars: []Bar{{Label: "a", Value: 1, Kind: 99}}, Max: -3},
		"no values":    TimeChart{Times: []time.Time{time.Unix(0, 0)}, Series: []Series{{Name: "a"}}},
		"far times": TimeChart{
			Times:  []time.Time{{}, time.Unix(0, 0), time.Unix(1<<40, 0), time.Unix(1<<59, 0)},
			Series: []Series{{Name: "a", Values: []float64{1, 2, 3, 4}}},
		},
		"same times": TimeChart{
			Times:  make([]time.Time, 50),
			Series: []Series{{Name: "a", Values: make([]float64, 50)}},
		},
		"short bins": TimeChart{
			Times:  []time.Time{time.Unix(0, 0), time.Unix(0, 1)},
			Series: []Series{{Name: "a", Values: []float64{1, 2, 3, 4}}},
		},
	}
	for _, n := range []int{1, 2, 40, 250, 5000} {
		bad := strings.Join(hostile, " ")
		c := BarChart{Max: n, Head: Head{Title: bad, Subtitle: bad, Friends: hostile[4]}, ValueLabel: bad, Compare: true}
		for i := range n {
			word := hostile[i%len(hostile)]
			c.Bars = append(c.Bars, Bar{
				Label: word, Beside: word, Before: math.MaxInt64 - int64(i), Kind: Kind(i % 4), Friends: int64(i%3) * math.MaxInt64 / 2,
				Value: math.MaxInt64 / int64(1+i*i),
			})
		}
		all["bars "+strconv.Itoa(n)] = c
	}
	for _, n := range []int{1, 2, 300, 20_000} {
		head := Head{Title: hostile[4], Subtitle: hostile[10]}
		times, levels := TimeChart{Head: head}, LevelChart{Head: head}
		for i := range n {
			times.Times = append(times.Times, time.Unix(int64(i)*3600, 0).UTC())
		}
		for k, word := range hostile {
			s := Series{Name: word, Slot: k, Friends: k == 3, Rest: k == 4}
			for i := range n {
				s.Values = append(s.Values, wild[i%len(wild)])
			}
			times.Series = append(times.Series, s)
		}
		for i := range 2 * n {
			at := times.Times[i*i%n].Add(time.Duration(i) * time.Second)
			times.Dots = append(times.Dots, Dot{At: at, Name: hostile[i%len(hostile)], Look: Look(i%7 - 1)})
		}
		times.Dots = append(times.Dots, Dot{}, Dot{At: time.Unix(1<<59, 0)})
		levels.Times, levels.Series = times.Times, times.Series
		name := strconv.Itoa(n)
		all["times "+name], all["levels "+name] = times, levels
		all["dots "+name] = DotChart{
			Head: head, Times: times.Times, Dots: times.Dots, Usual: map[string]float64{hostile[4]: math.Inf(1), "": 1e300},
			Marks: []Mark{
				{At: times.Times[n/2], Name: hostile[0], Label: hostile[8]},
				{At: times.Times[0], Name: hostile[1]},
				{},
				{At: time.Unix(1<<59, 0), Name: hostile[0], Label: hostile[8]},
			},
		}
		strip := HourStrip{Head: head, FriendsRow: hostile[8], Times: times.Times}
		heat := HeatMap{Head: head, Unit: hostile[10]}
		for i := range n {
			cell := Cell{Value: wild[i%len(wild)], Shown: i%3 > 0, Unfinished: i%2 > 0, Dots: make([]Look, i%40)}
			strip.Cells = append(strip.Cells, cell)
			row := HeatRow{Name: hostile[i%len(hostile)], Total: hostile[(i+3)%len(hostile)]}
			for h := range row.Cells {
				row.Cells[h] = Cell{Value: wild[(i+h)%len(wild)], Shown: h%5 > 0, Dots: make([]Look, h*h)}
			}
			heat.Rows = append(heat.Rows, row)
		}
		all["strip "+name], all["heat "+name] = strip, heat
	}
	card := Card{Head: Head{Title: hostile[8]}}
	for i, word := range hostile {
		p := Panel{
			Title: word, Figure: hostile[(i+1)%len(hostile)], Name: word, Note: word, Marks: hostile[:i%6],
			Usual: &Usual{math.MaxInt64, math.MinInt64, math.MaxInt64},
		}
		switch i % 3 {
		case 0:
			p.Figure, p.Usual = "", nil
		case 1:
			p.Figure, p.Name, p.Usual = "", "", nil
		}
		for k, word := range hostile {
			p.Rows = append(p.Rows, PanelRow{
				Label: word, Value: math.MaxInt64 / int64(k*k+1), Friends: k%2 > 0, Bars: i > 2, Dots: i%2 > 0,
			})
			p.Columns = append(p.Columns, Column{Value: wild[k%len(wild)], Slot: k})
		}
		if i == 4 || i == 5 {
			p.Rows = nil
		}
		card.Panels = append(card.Panels, p)
	}
	places := MapChart{Head: Head{Title: hostile[8], Subtitle: hostile[10]}, Unit: hostile[10]}
	for i, l := range world() {
		word := hostile[i%len(hostile)]
		places.Places = append(places.Places,
			Place{l.code, word, math.MaxInt64 / int64(i+1), math.MaxInt64 * int64(i%2)}, Place{word, word, -5, 7})
	}
	all["map"], all["zero map"] = places, MapChart{}
	all["card"], all["zero card"] = card, Card{}
	shares := ShareChart{WholeLabel: hostile[8]}
	for i, word := range hostile {
		shares.Rows = append(shares.Rows, Share{
			Label: word, Part: math.MaxInt64, Whole: math.MaxInt64 - int64(i), Low: wild[i%len(wild)], High: math.Inf(1),
			Marked: true,
		})
	}
	all["shares"] = shares
	return all
}

func TestS20ChartsAreSafe(t *testing.T) {
	const limit = 1 << 20 // bytes
	for name, f := range hostileCharts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			b, err := f.PNG()
			if err != nil || len(b) == 0 || len(b) > limit {
				t.Errorf("PNG of %d bytes, %v", len(b), err)
			}
			b, err = f.SVG()
			if err != nil || len(b) == 0 || len(b) > limit {
				t.Errorf("SVG of %d bytes, %v", len(b), err)
			}
			wellFormed(t, string(b))
			readable(t, f.plan())
			for _, width := range []int{-1, 0, 24, 40, 64, 200} {
				safeText(t, f.Text(width), max(width, minWidth))
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// wellFormed fails the test unless the SVG parses and contains only shapes and text.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			switch e.Name.Local {
			case "svg", "path", "text":
			default:
				t.Errorf("the picture has an element <%s>", e.Name.Local)
			}
		}
	}
}

// safeText fails the test if a text chart is too wide or too high, or contains control characters.
func safeText(t *testing.T, text string, width int) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 20 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if n := cellCount(line); n > width {
			t.Errorf("%q takes %d cells, want at most %d", line, n, width)
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
			t.Errorf("%q has %q", line, line[i:min(i+4, len(line))])
		}
	}
}
