package charts

import (
	"flag"
	"math"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// figure is implemented by every chart of the package.
type figure interface {
	PNG() ([]byte, error)
	SVG() ([]byte, error)
	Text(width int) string
	plan() plan
}

var names = []string{
	"China", "United States", "Russia", "Germany", "Netherlands", "France", "Brazil", "India", "Vietnam",
	"South Korea", "Singapore", "Belgium", "United Kingdom", "Indonesia", "Hong Kong", "Ukraine", "Taiwan", "Japan",
	"Thailand", "Iran", "Bulgaria", "North Macedonia", "Eswatini", "Türkiye", "Czechia",
}

// someBars returns n named bars, each about a quarter shorter than the previous one, with Belgium friendly, and the
// unknown one.
func someBars(n int) (bars []Bar) {
	v := 50_000.0
	for i := range n {
		b := Bar{Label: names[i%len(names)], Value: int64(v)}
		if i == 11 {
			b.Kind = Friendly
		}
		if i%2 == 0 {
			b.Note = "+12%"
		}
		bars = append(bars, b)
		v = 1 + v*0.78
	}
	return append(bars, Bar{Label: "Unknown", Value: 1200, Kind: Unknown})
}

var jails = []string{
	"sshd", "nginx-http-auth", "postfix-sasl", "dovecot", "recidive", "wordpress", "proftpd", "mysqld-auth",
	"asterisk", "vsftpd", "named-refused",
}

// someTimes returns a stacked chart of waves, a tenth of which is empty.
func someTimes(tb testing.TB, series, bins int, step func(start time.Time, i int) time.Time) TimeChart {
	tb.Helper()
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		tb.Fatal(err)
	}
	c := TimeChart{Title: "Bans per jail", Subtitle: "to 27 Oct 2026, Europe/Brussels · 12,203 bans", Stacked: true}
	for i := range bins {
		c.Times = append(c.Times, step(time.Date(2026, 10, 20, 15, 0, 0, 0, zone), i))
	}
	for k, name := range jails[:series] {
		s := Series{Name: name}
		for i := range bins {
			v := 160 / float64(k+1) * (1 + 0.4*math.Sin(float64(i)/4) + 0.2*math.Sin(float64(i*(k+3))))
			if i*10/bins == 4 {
				v = 0
			}
			s.Values = append(s.Values, math.Floor(v))
		}
		c.Series = append(c.Series, s)
	}
	return c
}

func hours(start time.Time, i int) time.Time { return start.Add(time.Duration(i) * time.Hour) }

func days(start time.Time, i int) time.Time {
	y, m, d := start.Date()
	return time.Date(y, m, d+i, 0, 0, 0, 0, start.Location())
}

func someHeat() HeatMap {
	c := HeatMap{Title: "When bans happen", Subtitle: "30 days to 27 Oct 2026, Europe/Brussels"}
	for d := range c.Counts {
		for h := range c.Counts[d] {
			c.Counts[d][h] = int64(60 * (1 + math.Sin(float64(h+2*d)/4)))
		}
	}
	c.Counts[time.Tuesday][3] = 612
	return c
}

func someShares() ShareChart {
	return ShareChart{
		Title: "Which rule is too strict?", Subtitle: "Bans of friends among all bans, 7 days",
		Rows: []Share{
			{Label: "sshd", Part: 4, Whole: 212, PastPart: 31, PastWhole: 6203, Marked: true},
			{Label: "nginx-http-auth", Part: 2, Whole: 340, PastPart: 60, PastWhole: 9000},
			{Label: "postfix-sasl", Whole: 120, PastPart: 3, PastWhole: 3000},
			{Label: "dovecot", Part: 1, Whole: 96},
			{Label: "recidive", PastPart: 4, PastWhole: 800},
		},
	}
}

// gallery returns a chart of every kind, shape and size that people see.
func gallery(tb testing.TB) map[string]figure {
	tb.Helper()
	bars := func(n int) BarChart {
		return BarChart{
			Title: "Bans by country", Bars: someBars(n),
			Subtitle: "16 Nov 09:00 to 23 Nov 09:00, Europe/Brussels · 203,982 bans of 27,691 addresses · " +
				"+12% on the 7 days before",
		}
	}
	dark, broken, most, one := bars(25), bars(25), bars(250), bars(1)
	dark.Theme = Dark()
	broken.Bars[25].Value = 400_000
	most.Max = 20
	one.Bars = one.Bars[:1]
	lines, night := someTimes(tb, 6, 168, hours), someHeat()
	lines.Stacked, lines.Theme, night.Theme = false, Dark(), Dark()
	manyShares := ShareChart{Title: "Many", Theme: Dark()}
	for i := range 40 {
		manyShares.Rows = append(manyShares.Rows, Share{
			Label: names[i%25], Part: int64(i), Whole: 1000,
			PastPart: 40 - int64(i), PastWhole: 1000,
		})
	}
	return map[string]figure{
		"bars": bars(25), "bars-dark": dark, "bars-broken": broken, "bars-250": most, "bars-one": one,
		"bars-none":   BarChart{Title: "Bans by country", Subtitle: "Today"},
		"hours":       someTimes(tb, 6, 168, hours),
		"hours-day":   someTimes(tb, 11, 24, hours),
		"hours-month": someTimes(tb, 3, 720, hours),
		"days":        someTimes(tb, 4, 30, days),
		"days-two":    someTimes(tb, 2, 2, days), "days-one": someTimes(tb, 1, 1, days),
		"days-year": someTimes(tb, 3, 365, days), "lines": lines,
		"heat": someHeat(), "heat-dark": night,
		"shares": someShares(), "shares-many": manyShares,
	}
}
