package bot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// rhythms make up the bans of a source: moments in seconds, ascending, until the end.
var rhythms = map[string]func(dice *rand.Rand, end float64, ban func(float64)){
	"two in five days": poisson(0.4),
	"one in two days":  poisson(0.5),
	"one a day":        poisson(1),
	"three a day":      poisson(3),
	"hundred a day":    poisson(100),
	"office hours, one a day": inHours(1, func(day, hour int) bool {
		return day%7 < 5 && hour >= 8 && hour < 18
	}),
	"office hours, twenty a day": inHours(20, func(day, hour int) bool {
		return day%7 < 5 && hour >= 8 && hour < 18
	}),
	"nights, five a day":       inHours(5, func(_, hour int) bool { return hour < 6 }),
	"bursts, one in four days": bursts(0.25, 30, 6*hours),
	"bursts, one in two days":  bursts(0.5, 50, 4*hours),
	"bursts, two a day":        bursts(2, 100, 1*hours),
	"campaigns of days":        bursts(0.2, 200, 48*hours),
	"uneven gaps":              weibull(0.5, 8*hours),
}

const (
	hours = 3600.0
	days  = 24 * hours
)

func poisson(perDay float64) func(*rand.Rand, float64, func(float64)) {
	return func(dice *rand.Rand, end float64, ban func(float64)) {
		for t := 0.0; t < end; t += dice.ExpFloat64() * days / perDay {
			ban(t)
		}
	}
}

// inHours is a Poisson process of so many bans on each day that has any, which rests in the other hours.
func inHours(perDay float64, open func(day, hour int) bool) func(*rand.Rand, float64, func(float64)) {
	return func(dice *rand.Rand, end float64, ban func(float64)) {
		share := 0.0
		for hour := range 24 {
			if open(0, hour) {
				share += 1.0 / 24
			}
		}
		for t := 0.0; t < end; t += dice.ExpFloat64() * days / (perDay / share) {
			if open(int(t/days), int(math.Mod(t, days)/hours)) {
				ban(t)
			}
		}
	}
}

// bursts come by chance, and have so many bans over so long, on average.
func bursts(perDay, bans, length float64) func(*rand.Rand, float64, func(float64)) {
	return func(dice *rand.Rand, end float64, ban func(float64)) {
		var all []float64
		for t := 0.0; t < end; t += dice.ExpFloat64() * days / perDay {
			last := t + dice.ExpFloat64()*length
			for at := t; at <= last; at += dice.ExpFloat64() * length / bans {
				all = append(all, at)
			}
		}
		slices.Sort(all)
		for _, t := range all {
			ban(t)
		}
	}
}

// weibull has gaps of this shape and scale: many are short, a few very long.
func weibull(shape, scale float64) func(*rand.Rand, float64, func(float64)) {
	return func(dice *rand.Rand, end float64, ban func(float64)) {
		for t := 0.0; t < end; t += scale * math.Pow(dice.ExpFloat64(), 1/shape) {
			ban(t)
		}
	}
}

// Where nothing but chance is at work, a source is called unusually quiet less than once a year; and where bans stop,
// it is.
func TestT02FalseAlarmsOfQuietAreRarerThanOneAYear(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	years := 200
	if testing.Short() {
		years = 20
	}
	for name, rhythm := range rhythms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, uint64(len(name))))
			var past []store.BanHour
			alarms, last := 0, 0.0
			rhythm(dice, float64(years)*365*days, func(at float64) {
				pause := time.Duration(at-last) * time.Second
				if pause > leastPause {
					if u, ok := newUsualPause(past); ok && pause > u.limit() {
						alarms++
					}
				}
				last = at
				hour := int64(at/hours) * 3600
				if n := len(past); n > 0 && past[n-1].Hour == hour {
					past[n-1].Bans++
				} else {
					past = append(past, store.BanHour{Hour: hour, Bans: 1})
				}
				for past[0].Hour < hour-pauseDays*int64(days) {
					past = past[1:]
				}
			})
			perYear := float64(alarms) / float64(years)
			if perYear >= 1 {
				t.Errorf("seed %d: %.2f false alarms a year", seed, perYear)
			}
			t.Attr("reached", fmt.Sprintf("%.2f false alarms a year in %d years", perYear, years))
		})
	}
}

// history keeps bans of the days before now, one each of these hours.
func (d *desk) history(days int, open func(time.Time) bool) {
	d.t.Helper()
	now := time.Now().UTC()
	d.line++
	b := store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line}, ReadAt: now, NewsSince: now,
	}
	for at := now.AddDate(0, 0, -days); at.Before(now); at = at.Add(time.Hour) {
		if open(at) {
			b.Bans = append(b.Bans, store.Ban{Time: at, HasEpoch: true, Address: "192.0.2.1", Jail: "sshd"})
		}
	}
	b.Lines = len(b.Bans)
	if _, err := d.store.AddBans(d.t.Context(), b); err != nil {
		d.t.Fatal(err)
	}
}

// after sleeps, looking every hour, until something is said or the time is over.
func (d *desk) after(limit time.Duration) (time.Duration, string) {
	d.t.Helper()
	begun := time.Now()
	for time.Since(begun) < limit {
		time.Sleep(time.Hour)
		if said := d.look(); len(said) > 0 {
			return time.Since(begun), fmt.Sprint(said)
		}
	}
	return limit, ""
}

func TestT02QuietThatIsUnusualIsToldOnceAndItsEndOnce(t *testing.T) {
	always := func(time.Time) bool { return true }
	for name, tc := range map[string]struct {
		days int
		open func(time.Time) bool
		want time.Duration // 0: never
		says string
	}{
		"every hour": {
			40, always, 24 * time.Hour,
			"[🔴 web1: no ban for 25 h, usually one an hour\nNewest: Thu 1 Jun 00:00. " +
				"On web1: systemctl status fail2ban]",
		},
		"in office hours": { // to Wednesday
			60, func(at time.Time) bool {
				return at.Weekday() > 0 && at.Weekday() < 6 && at.Hour() >= 8 && at.Hour() < 18
			}, 2*63*time.Hour - 5*time.Hour, "",
		},
		"too short a past": {20, always, 0, ""},
		"too rare":         {90, func(at time.Time) bool { return at.YearDay()%4 == 0 && at.Hour() == 7 }, 0, ""},
		"an outage before": {
			60, func(at time.Time) bool { return at.YearDay() < 120 || at.YearDay() > 124 }, 24 * time.Hour, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.health.Sources[0].SilentAfter = 0
				time.Sleep(time.Until(time.Date(2000, 5, 31, 23, 0, 0, 0, time.UTC)))
				d.history(tc.days, tc.open)
				took, said := d.after(20 * 24 * time.Hour)
				if tc.want == 0 {
					if said != "" {
						t.Errorf("said %q after %v", said, took)
					}
					return
				}
				if took < tc.want-time.Hour || took > tc.want+2*time.Hour || tc.says != "" && said != tc.says {
					t.Errorf("said %q after %v, want %q after %v", said, took, tc.says, tc.want)
				}
				d.restart()
				if took, said := d.after(5 * 24 * time.Hour); said != "" {
					t.Errorf("said %q %v later", said, took)
				}
				if got := d.healthLine(); !strings.HasSuffix(got,
					"Trouble: web1 has had no ban for longer than usual") {
					t.Errorf("digest %q", got)
				}
				d.ban("198.51.100.8", "CN")
				d.ban("198.51.100.9", "BE", ago(time.Second))
				took, said = d.after(20 * time.Hour)
				if took > time.Hour || !strings.HasPrefix(said, "[🟢 web1 has bans again, after ") ||
					!strings.Contains(said, "\n2 bans since, 1 of friends, last ban ") {
					t.Errorf("said %q after %v", said, took)
				}
			})
		})
	}
}

// Time that a clock skipped has not passed, and a ban that is dated ahead is as old as its line.
func TestR21ClockThatJumpsDoesNotMakeASourceQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Sources[0].SilentAfter = 0
		time.Sleep(time.Until(time.Date(2000, 5, 31, 23, 0, 0, 0, time.UTC)))
		d.history(40, func(time.Time) bool { return true })
		d.look()
		time.Sleep(25 * time.Hour)
		d.health.clock.wall = d.health.clock.wall.Add(-24 * time.Hour) // as if only an hour of it had passed
		before := d.look()
		if len(before) != 1 || !strings.HasPrefix(before[0], "The clock was set") {
			t.Fatalf("said %q", before)
		}
		if took, said := d.after(23 * time.Hour); said != "" {
			t.Errorf("said %q %v after the jump", said, took)
		}
		if took, said := d.after(3 * time.Hour); said == "" {
			t.Errorf("nothing said %v later", took)
		}

		d.ban("198.51.100.7", "CN", ago(-30*time.Hour))
		d.look() // of the end
		if got := d.status(); !strings.Contains(got, "(ahead of now)") {
			t.Errorf("status %q", got)
		}
		if took, said := d.after(23 * time.Hour); said != "" {
			t.Errorf("said %q %v after a ban of tomorrow", said, took)
		}
		if took, said := d.after(3 * time.Hour); said == "" {
			t.Errorf("nothing said %v after a ban of tomorrow", took)
		}
	})
}
