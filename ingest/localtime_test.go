package ingest

import (
	"strings"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Local times around clock changes, line by line, and the same times in UTC.
func TestR21LocalTimesAroundTheChangeOfTheClock(t *testing.T) {
	for name, c := range map[string]struct {
		zone  string
		lines []string // local, then UTC
	}{
		"summer ends": {"Europe/Brussels", []string{
			"2026-10-25 01:59:59", "2026-10-24 23:59:59",
			"2026-10-25 02:00:01", "2026-10-25 00:00:01",
			"2026-10-25 02:59:30", "2026-10-25 00:59:30",
			"2026-10-25 02:59:27", "2026-10-25 00:59:27", // another jail, three seconds late
			"2026-10-25 02:59:59", "2026-10-25 00:59:59",
			"2026-10-25 02:00:00", "2026-10-25 01:00:00", // again
			"2026-10-25 02:30:00", "2026-10-25 01:30:00",
			"2026-10-25 02:29:55", "2026-10-25 01:29:55", // late
			"2026-10-25 02:59:59", "2026-10-25 01:59:59",
			"2026-10-25 03:00:00", "2026-10-25 02:00:00",
			"2026-10-26 03:00:00", "2026-10-26 02:00:00",
		}},
		"summer ends, one line": {"Europe/Brussels", []string{
			"2026-10-24 12:00:00", "2026-10-24 10:00:00",
			"2026-10-25 02:30:00", "2026-10-25 00:30:00",
			"2026-10-25 12:00:00", "2026-10-25 11:00:00",
		}},
		"summer begins": {"Europe/Brussels", []string{
			"2026-03-29 01:59:59", "2026-03-29 00:59:59",
			"2026-03-29 03:00:00", "2026-03-29 01:00:00",
			"2026-03-29 02:30:00", "2026-03-29 01:30:00", // does not exist: 03:30 of the new time
			"2026-03-30 02:30:00", "2026-03-30 00:30:00",
		}},
		"summer ends in the west": {"America/New_York", []string{
			"2026-11-01 00:59:59", "2026-11-01 04:59:59",
			"2026-11-01 01:10:00", "2026-11-01 05:10:00",
			"2026-11-01 01:05:00", "2026-11-01 06:05:00",
			"2026-11-01 02:00:00", "2026-11-01 07:00:00",
		}},
		"half an hour": {"Australia/Lord_Howe", []string{
			"2026-04-05 01:20:00", "2026-04-04 14:20:00",
			"2026-04-05 01:40:00", "2026-04-04 14:40:00",
			"2026-04-05 01:35:00", "2026-04-04 15:05:00",
			"2026-04-05 02:00:00", "2026-04-04 15:30:00",
		}},
		"midnight does not exist": {"America/Santiago", []string{
			"2026-09-05 23:59:59", "2026-09-06 03:59:59",
			"2026-09-06 00:30:00", "2026-09-06 04:30:00",
			"2026-09-06 01:00:00", "2026-09-06 04:00:00",
		}},
		"no summer": {"Asia/Kolkata", []string{"2026-03-29 02:30:00", "2026-03-28 21:00:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := localTime{zone: zone(t, c.zone)}
			for n := 0; n < len(c.lines); n += 2 {
				date, of, _ := strings.Cut(c.lines[n], " ")
				got, err := clock.read([]byte(date), []byte(of))
				if err != nil {
					t.Fatal(err)
				}
				if got := got.UTC().Format(time.DateTime); got != c.lines[n+1] {
					t.Errorf("%s is %s, want %s", c.lines[n], got, c.lines[n+1])
				}
			}
		})
	}
}

// All other hours agree with the time package, in zones of all kinds.
func TestR21LocalTimesOfAYear(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Brussels", "America/St_Johns", "Australia/Lord_Howe",
		"Africa/Casablanca", "Pacific/Apia",
	} {
		zone := zone(t, name)
		clock := localTime{zone: zone}
		for at := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC); at.Year() < 2027; at = at.Add(15 * time.Minute) {
			local := at.In(zone)
			got, err := clock.read([]byte(local.Format(time.DateOnly)), []byte(local.Format(time.TimeOnly)))
			if err != nil || !got.Equal(at) {
				t.Fatalf("%s: %v is %v, %v", name, local, got.In(zone), err)
			}
		}
	}
}

// The repeated hour continues correctly after a step, a restart or a rotation.
func TestR21RepeatedHourAcrossSteps(t *testing.T) {
	p := newPlace(t)
	step := func() {
		p.restart()
		p.reader.Zone = zone(t, "Europe/Brussels")
		p.step()
	}
	p.write(p.path, seedHeader+"2025-10-26,02:50:00,203.0.113.1\n2025-10-26,02:10:00,203.0.113.2\n")
	step()
	p.append(p.path, "2025-10-26,02:20:00,203.0.113.3\n")
	step()
	p.rename(p.path, p.path+".1")
	p.write(p.path, "2025-10-26,02:30:00,203.0.113.4\n")
	step()
	for address, want := range map[string]string{
		"203.0.113.1": "00:50", "203.0.113.2": "01:10", "203.0.113.3": "01:20", "203.0.113.4": "01:30",
	} {
		bans, err := p.store.BansOf(t.Context(), address, 2)
		if err != nil || len(bans) != 1 || bans[0].Time.UTC().Format("15:04") != want {
			t.Errorf("%s: %v %v, want one at %s", address, bans, err, want)
		}
	}
}

// A line dated tomorrow is news like any other, and hides none that comes after it. One that is further ahead than any
// clock could be is history.
func TestR21LineDatedTomorrow(t *testing.T) {
	p := newPlace(t)
	row := func(ahead time.Duration, address string) string {
		return time.Now().UTC().Add(ahead).Format("2006-01-02,15:04:05,") + address + "\n"
	}
	p.write(p.path, seedHeader+row(24*time.Hour, "203.0.113.1")+row(0, "203.0.113.2")+row(72*time.Hour, "203.0.113.3")+
		row(-2*time.Hour, "203.0.113.4"))
	p.step()
	p.append(p.path, row(0, "203.0.113.5"))
	p.step()
	p.want("203.0.113.1", "203.0.113.2", "203.0.113.5") // news
	if s := p.status(); s.Bans != 5 || s.Rejects != 0 {
		t.Errorf("%d bans and %d rejects, want all 5", s.Bans, s.Rejects)
	}
}
