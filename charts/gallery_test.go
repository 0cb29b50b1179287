package charts

import (
	"flag"
	"maps"
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
		switch i {
		case 11:
			b.Friends, b.Beside = b.Value, "5 people, 2 unclear, 7 attackers"
		case 4:
			b.Friends = b.Value / 3
		}
		if b.Before = b.Value; i%3 > 0 {
			b.Before += int64(i*i*100 - 3000)
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

// someTimes returns a chart of waves, a tenth of which is empty, and some friends.
func someTimes(tb testing.TB, series, bins int, step func(start time.Time, i int) time.Time) TimeChart {
	tb.Helper()
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		tb.Fatal(err)
	}
	c := TimeChart{Head: Head{
		Title: "12\u202f203 bans in 7 days, 46 of friends", Friends: "46 of friends",
		Subtitle: "Tue 20 Oct 15:00 to Tue 27 Oct 15:00, today striped: not over",
	}}
	for i := range bins {
		c.Times = append(c.Times, step(time.Date(2026, 10, 20, 15, 0, 0, 0, zone), i))
	}
	for k, name := range jails[:series] {
		s := Series{Name: name, Slot: k + 1}
		for i := range bins {
			v := 160 / float64(k+1) * (1 + 0.4*math.Sin(float64(i)/4) + 0.2*math.Sin(float64(i*(k+3))))
			if i*10/bins == 4 {
				v = 0
			}
			s.Values = append(s.Values, math.Floor(v))
		}
		c.Series = append(c.Series, s)
	}
	c.End = step(c.Times[0], bins).Add(-c.Times[bins-1].Sub(step(c.Times[0], bins)).Abs() / 2)
	for i := range 46 {
		at := c.Times[(i*i*7)%bins].Add(time.Minute)
		c.Dots = append(c.Dots, Dot{At: at, Name: jails[(i%7)/3%series], Look: Look(i % 4)})
	}
	return c
}

func hours(start time.Time, i int) time.Time { return start.Add(time.Duration(i) * time.Hour) }

func days(start time.Time, i int) time.Time {
	y, m, d := start.Date()
	return time.Date(y, m, d+i, 0, 0, 0, 0, start.Location())
}

// someHeat returns a week that begins and ends within a day.
func someHeat() HeatMap {
	c := HeatMap{Head: Head{
		Title: "Busiest hour: Tue 3:00, 612 bans", Subtitle: "Wed 21 Oct 15:04 to Wed 28 Oct 15:04 · 9\u202f812 bans",
	}}
	for d := range 8 {
		row := HeatRow{Name: time.Date(2026, 10, 21+d, 0, 0, 0, 0, time.UTC).Format("Mon 2"), Total: "1\u202f204"}
		for h := range row.Cells {
			row.Cells[h] = Cell{
				Value: math.Floor(60 * (1 + math.Sin(float64(h+2*d)/4))),
				Shown: d > 0 && d < 7 || d == 0 && h >= 15 || d == 7 && h <= 15, Unfinished: (d == 0 || d == 7) && h == 15,
			}
			if (h*d)%23 == 5 {
				row.Cells[h].Dots = []Look{Look(h % 4), Attacker, Person, Person}[:1+h%4]
			}
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

// evenHeat returns the means of an even year.
func evenHeat() HeatMap {
	c := HeatMap{Head: Head{Title: "Bans come at all hours", Subtitle: "Mean per hour (right: per day)"}}
	for d := range 7 {
		row := HeatRow{Name: time.Weekday((d + 1) % 7).String()[:3], Total: "142\u202f502"}
		for h := range row.Cells {
			row.Cells[h] = Cell{Value: 5800 + 40*math.Sin(float64(h*d)), Shown: true}
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

func someHours(tb testing.TB, scale float64) HourStrip {
	tb.Helper()
	c := HourStrip{Head: Head{
		Title: "119 bans in 24 hours, most at 8:00", Subtitle: "Fri 27 Nov 15:04 to Sat 28 Nov 15:04",
	}, FriendsRow: "2 bans of friends"}
	for i := range 25 {
		c.Times = append(c.Times, time.Date(2026, 11, 27, 15+i, 0, 0, 0, time.UTC))
		c.Cells = append(c.Cells, Cell{
			Value: math.Floor(scale * (1 + math.Sin(float64(i)/3))), Unfinished: i == 0 || i == 24,
		})
	}
	c.Cells[21].Dots, c.Cells[23].Dots = []Look{Person}, []Look{Person, Attacker}
	return c
}

func someShares() ShareChart {
	return ShareChart{
		Head: Head{
			Title: "sshd is stricter with friends than usual", Friends: "sshd",
			Subtitle: "1.9% of its bans hit friends, usually 0.2 to 1% · 7 days to Fri 27 Nov",
		},
		Rows: []Share{
			{Label: "sshd", Part: 4, Whole: 212, Low: 0.002, High: 0.01, Marked: true, Note: "3 look like people"},
			{Label: "nginx-http-auth", Part: 2, Whole: 340, High: 0.009, Note: "1 looks like a person"},
			{Label: "postfix-sasl", Whole: 120, Low: 0, High: 0.013, Note: "no friends"},
			{Label: "dovecot", Part: 1, Whole: 96},
			{Label: "recidive"},
		},
	}
}

func someDots(tb testing.TB) DotChart {
	tb.Helper()
	t := someTimes(tb, 4, 30, days)
	return DotChart{
		Head: Head{
			Title: "46 bans hit friends in 30 days, 35 of them by sshd", Friends: "46 bans hit friends",
			Subtitle: "Tue 20 Oct to Wed 18 Nov 15:04 · the 30 days before: 21",
		},
		Times: t.Times, End: t.End, Dots: t.Dots, Usual: map[string]float64{"sshd": 1, "nginx-http-auth": 1}, UsualOthers: 2,
		Marks: []Mark{
			{At: t.Times[3], Name: "sshd", Label: "sshd: findtime 10 min to 1 h, Fri 23 Oct"},
			{At: t.Times[12], Name: "sshd", Label: "sshd: maxretry 5 to 3, Sun 1 Nov"},
			{At: t.Times[28], Name: "postfix-sasl", Label: "postfix-sasl: maxretry 5 to 3, Tue 17 Nov"},
		},
	}
}

func someLevels(tb testing.TB) LevelChart {
	tb.Helper()
	t := someTimes(tb, 5, 31, days)
	t.Series[2].Friends = true
	for i := range t.Series {
		t.Series[i].Now = float64(10 * i)
	}
	return LevelChart{
		Head:  Head{Title: "212 addresses are banned now", Subtitle: "30 days to Sat 28 Nov 15:04, the peak of each day"},
		Times: t.Times, End: t.End, Series: t.Series,
	}
}

func someCard(tb testing.TB) Card {
	tb.Helper()
	hours := Panel{Title: "Hours", Note: "most at 14:00, 52", Marks: []string{"0", "6", "12", "18", "24"}}
	for h := range 24 {
		hours.Columns = append(hours.Columns, Column{Value: float64(h * (30 - h)), Rest: true, Picked: h == 14})
	}
	rose := Panel{Title: "Rose most", Name: "nginx-http-auth", Note: "104 bans, up from 78"}
	for i := range 14 {
		rose.Columns = append(rose.Columns, Column{Value: float64(9 + i*i%7), Slot: i / 7 * 3})
	}
	return Card{
		Head: Head{
			Title: "17 bans hit friends last week, usually 3 to 8", Friends: "17 bans hit friends last week",
			Subtitle: "Mon 16 to Sun 22 Nov 2026",
		},
		Panels: []Panel{
			{Title: "All bans", Figure: "735", Note: "as usual", Usual: &Usual{735, 660, 760}},
			{Title: "Friends", Figure: "17", Friends: true, Note: "more than usual", Rows: []PanelRow{
				{Label: "people", Value: 11, Friends: true, Dots: true, Look: Person},
				{Label: "unclear", Value: 2, Friends: true, Dots: true, Look: Unclear},
				{Label: "attackers", Value: 4, Friends: true, Dots: true, Look: Attacker},
			}},
			rose,
			{Title: "New countries", Figure: "3", Rows: []PanelRow{
				{Label: "Moldova", Value: 4}, {Label: "Kenya", Value: 2}, {Label: "Fiji", Value: 1},
			}},
			{Title: "Top countries", Rows: []PanelRow{
				{Label: "China", Value: 1061, Bars: true},
				{Label: "United States", Value: 48, Bars: true},
				{Label: "Vietnam", Value: 22, Bars: true},
				{Label: "Belgium", Value: 12, Friends: true, Bars: true},
			}},
			hours,
		},
	}
}

func someMap(tb testing.TB) MapChart {
	tb.Helper()
	c := MapChart{Head: Head{
		Title: "United States: 444 of 1\u202f003 bans", Subtitle: "30 days to Sun 22 Nov 14:05 · 12 countries · 17 of friends",
	}}
	for code, v := range map[string]int64{
		"US": 444, "NL": 77, "CN": 74, "GB": 55, "SG": 39, "FR": 39, "IN": 20, "BE": 14, "RU": 9, "BR": 4, "FJ": 3, "": 6,
	} {
		p := Place{Code: code, Name: code, Value: v}
		switch code {
		case "BE":
			p.Name, p.Friends = "Belgium", v
		case "FJ":
			p.Name, p.Friends = "Fiji", v
		}
		c.Places = append(c.Places, p)
	}
	return c
}

// gallery returns a chart of every kind, shape and size that people see.
func gallery(tb testing.TB) map[string]figure {
	tb.Helper()
	bars := func(n int) BarChart {
		return BarChart{
			Head: Head{
				Title: "Bans by country: 3 266 of 203\u202f982 hit friends", Friends: "3 266 of 203\u202f982 hit friends",
				Subtitle: "7 days to Mon 23 Nov 9:00 · 27\u202f691 addresses · 4\u202f012 more bans than in the 7 days before",
			},
			Bars: someBars(n), Compare: true,
		}
	}
	dark, broken, one, few := bars(25), bars(8), bars(1), bars(3)
	dark.Theme = Dark()
	broken.Bars[0].Value = 4_000_000
	one.Bars, few.Bars = one.Bars[:1], few.Bars[:3]
	burst, night, darkDots, darkHours := someTimes(tb, 3, 29, days), someHeat(), someDots(tb), someHours(tb, 4)
	burst.Series[0].Values[20] = 5001
	nightMap := someMap(tb)
	nightMap.Theme = Dark()
	night.Theme, darkDots.Theme, darkHours.Theme = Dark(), Dark(), Dark()
	friends := someTimes(tb, 2, 30, days)
	friends.Series[0].Rest, friends.Series[1].Friends, friends.Theme = true, true, Dark()
	manyDots, manyFriends := someDots(tb), someTimes(tb, 2, 12, days)
	for i := range 900 {
		manyDots.Dots = append(manyDots.Dots, Dot{At: manyDots.Times[i*i%30], Name: "sshd"})
		manyFriends.Dots = append(manyFriends.Dots, Dot{At: manyFriends.Times[i*i%12], Name: "sshd"})
	}
	manyShares := ShareChart{Head: Head{Title: "Many"}, Theme: Dark()}
	for i := range 40 {
		manyShares.Rows = append(manyShares.Rows, Share{
			Label: names[i%25], Part: int64(i), Whole: 1000, Low: 0.01, High: 0.04 - float64(i)/1000,
		})
	}
	names := BarChart{
		Head: Head{
			Title: "Names tried in 4\u202f454 bans, 138 of friends; most root, 3\u202f741", Friends: "138 of friends",
			Subtitle: "30 days to Sun 29 Nov 0:27 · 12 names in the latest 5\u202f000 bans, since Fri 20 Nov",
		},
		NoteLabel: "account", Bars: []Bar{
			{Label: "root", Value: 3741, Friends: 14, Note: "exists"},
			{Label: "a-name-of-sixty-four-characters-that-some-attacker-has-made-up…", Value: 1869, Note: "missing"},
			{Label: "jdupont", Value: 61, Friends: 61, Note: "mixed"},
			{Label: "x", Value: 1},
		},
	}
	all := map[string]figure{
		"bars-names": names,
		"bars":       bars(25), "bars-dark": dark, "bars-broken": broken, "bars-few": few, "bars-one": one,
		"bars-none":   BarChart{Head: Head{Title: "No bans", Subtitle: "Today"}},
		"hours":       someTimes(tb, 6, 168, hours),
		"hours-day":   someTimes(tb, 11, 24, hours),
		"hours-month": someTimes(tb, 3, 720, hours),
		"days":        someTimes(tb, 8, 30, days),
		"days-burst":  burst, "days-friends": friends, "days-many-friends": manyFriends,
		"days-two": someTimes(tb, 2, 2, days), "days-one": someTimes(tb, 1, 1, days),
		"days-year": someTimes(tb, 3, 365, days), "levels": someLevels(tb),
		"heat": someHeat(), "heat-dark": night, "heat-even": evenHeat(),
		"strip": someHours(tb, 4), "strip-dark": darkHours, "strip-many": someHours(tb, 4000),
		"shares": someShares(), "shares-many": manyShares,
		"card": someCard(tb), "map": someMap(tb), "map-dark": nightMap,
		"dots": someDots(tb), "dots-dark": darkDots, "dots-many": manyDots,
	}
	maps.Copy(all, choicesGallery())
	maps.Copy(all, spansGallery())
	return all
}
