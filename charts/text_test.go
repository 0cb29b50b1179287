package charts

import "testing"

func TestText(t *testing.T) {
	for name, test := range map[string]struct {
		chart figure
		width int
		want  string
	}{
		"bars": {
			BarChart{Title: "By country", Bars: []Bar{
				{Label: "China", Value: 1200, Note: "+5%"},
				{Label: "日本", Value: 600},
				{Label: "Belgium", Value: 150, Kind: Friendly},
				{Label: "Unknown", Value: 50, Kind: Unknown},
			}}, 40, `
By country
China     ██████████████ 1,200 60.0% +5%
日本      ███████          600 30.0%
* Belgium █▊               150  7.5%
Unknown   ▋                 50  2.5%
* Friendly
`,
		},
		"nothing": {BarChart{Title: "By country"}, 40, `
By country
No bans in this period
`},
		"times": {
			TimeChart{Title: "Per jail", Times: someTimes(t, 1, 4, days).Times, Series: []Series{
				{Name: "sshd", Values: []float64{1, 0, 4, 8}}, {Name: "exim", Values: []float64{0, 0, 0, 1}},
			}}, 40, `
Per jail
                                 now max
sshd ▂▂▂▂▂▂▂       ▅▅▅▅▅▅▅██████   8   8
exim                      ██████   1   1
Tue 20 Oct 00:00 – Sat 24 Oct 00:00
`,
		},
		"shares": {
			ShareChart{Title: "Strict?", Rows: []Share{
				{Label: "sshd", Part: 4, Whole: 200, PastPart: 1, PastWhole: 100, Marked: true},
				{Label: "exim", Part: 0, Whole: 9},
			}}, 40, `
Strict?
! sshd █████████|█████████ 2.0% 4 of 200
exim                         0%   0 of 9
| Usual
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
    00    06    12    18
Mon ······················█· 8
Tue ························ 0
Wed ························ 0
Thu ························ 0
Fri ························ 0
Sat ························ 0
Sun ▒······················· 1
Busiest: Monday 22:00, 8
`
	c := HeatMap{Title: "When"}
	c.Counts[1][22], c.Counts[0][0] = 8, 1
	if got := "\n" + c.Text(32); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
