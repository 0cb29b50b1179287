package charts

import "testing"

func TestText(t *testing.T) {
	for name, test := range map[string]struct {
		chart figure
		width int
		want  string
	}{
		"bars": {
			BarChart{Head: Head{Title: "By country"}, Compare: true, Bars: []Bar{
				{Label: "China", Value: 1200, Before: 1195},
				{Label: "日本", Value: 600, Before: 600},
				{Label: "Belgium", Value: 150, Friends: 150},
				{Label: "Unknown", Value: 50, Kind: Unknown, Before: 53},
			}}, 40, `
By country
China     ███████████████████ 1 200   +5
日本      █████████▌            600 same
* Belgium ██▍                   150  new
Unknown                          50   −3
* friends
`,
		},
		"nothing": {BarChart{Head: Head{Title: "By country"}}, 40, `
By country
No bans in this period
`},
		"times": {
			TimeChart{
				Head: Head{Title: "Per jail"}, Times: someTimes(t, 1, 4, days).Times,
				Series: []Series{
					{Name: "sshd", Slot: 1, Values: []float64{1, 0, 4, 8}}, {Name: "exim", Values: []float64{0, 0, 0, 1}},
				},
				Dots: []Dot{{At: someTimes(t, 1, 4, days).Times[1], Name: "sshd"}},
			}, 40, `
Per jail
sshd   ▂▂▂▂▂▂▂▂       ▅▅▅▅▅▅▅▅███████ 13
exim                          ███████  1
* sshd         ███████                 1
       Tue 20 Oct          Sat 24 Oct
* bans of friends
`,
		},
		"shares": {
			ShareChart{Head: Head{Title: "Strict?"}, Rows: []Share{
				{Label: "sshd", Part: 4, Whole: 200, High: 0.01, Marked: true},
				{Label: "exim", Part: 0, Whole: 9},
			}}, 40, `
Strict?
! sshd ██████████|██████████ 2% 4 of 200
exim                         0%   0 of 9
| usual, at most
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := "\n" + test.chart.Text(test.width); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestTextOfAWeekHasEveryDayAndHour(t *testing.T) {
	const want = `
When
    0     6     12    18
Mon ······················█· 8
Sun ░·········               1
bans of friends: 1
`
	c := HeatMap{Head: Head{Title: "When"}, Rows: []HeatRow{{Name: "Mon", Total: "8"}, {Name: "Sun", Total: "1"}}}
	for h := range 24 {
		c.Rows[0].Cells[h].Shown, c.Rows[1].Cells[h].Shown = true, h < 10
	}
	c.Rows[0].Cells[22].Value, c.Rows[1].Cells[0].Value = 8, 1
	c.Rows[0].Cells[22].Dots = []Look{Person}
	if got := "\n" + c.Text(32); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
