package ingest

import (
	"bytes"
	"time"
)

// localTime reads local times that do not say their offset, line after line.
//
// An hour that the zone repeats when its summer ends is read by the order of the lines: as the earlier one, unless
// that lies more than a minute before the line above; then as the later one. Lines that are out of order by a few
// seconds, as several jails make them, are not misled by it. An hour that the zone leaves out when its summer begins
// does not occur; a line that claims it is read as if the clock had not been put forward.
type localTime struct {
	zone *time.Location
	last int64 // unix seconds of the line above

	date          [10]byte // that the following belong to
	midnight      int64    // as if the zone were UTC
	before, after int64    // offsets in force around the day, seconds east of UTC
}

// late is how much earlier than the line above a line may be without being taken for one an hour later, in seconds.
const late = 60

// Years in which a ban may lie: Fail2Ban began in 2004.
const firstYear, lastYear = 2000, 2099

var earliest, latest = time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

func (c *localTime) lastTime() time.Time {
	if c.last < earliest {
		return time.Time{}
	}
	return time.Unix(c.last, 0)
}

// epoch reads unix seconds.
func (c *localTime) epoch(field []byte) (time.Time, error) {
	n, err := number(field)
	if err != nil {
		return time.Time{}, errTime
	}
	return c.found(n)
}

func (c *localTime) found(unix int64) (time.Time, error) {
	if unix < earliest || unix >= latest {
		return time.Time{}, errYear
	}
	c.last = unix
	return time.Unix(unix, 0), nil
}

// read reads 2006-01-02 and 15:04:05, or 15:04-05 as bcambl/fail2ban-blacklist writes it.
func (c *localTime) read(date, of []byte) (time.Time, error) {
	seconds, ok := parseTime(of)
	if !ok {
		return time.Time{}, errTime
	}
	if !bytes.Equal(date, c.date[:]) {
		day, ok := parseDate(date)
		if !ok {
			return time.Time{}, errTime
		}
		if day.Year() < firstYear || day.Year() > lastYear {
			return time.Time{}, errYear
		}
		copy(c.date[:], date)
		c.midnight, c.before, c.after = day.Unix(), c.offset(day.AddDate(0, 0, -1)), c.offset(day.AddDate(0, 0, 2))
	}
	wall := c.midnight + seconds
	first, second := wall-c.before, wall-c.after
	if first == second {
		return c.found(first)
	}
	isFirst, isSecond := c.offsetAt(first) == c.before, c.offsetAt(second) == c.after
	if !isFirst && isSecond || isFirst && isSecond && first < c.last-late {
		first = second // the zone has changed, or comes round a second time
	}
	return c.found(first)
}

func (c *localTime) offset(t time.Time) int64 { return c.offsetAt(t.Unix()) }

func (c *localTime) offsetAt(unix int64) int64 {
	_, offset := time.Unix(unix, 0).In(c.zone).Zone()
	return int64(offset)
}

// parseDate reads 2006-01-02.
func parseDate(b []byte) (day time.Time, ok bool) {
	if len(b) != len(time.DateOnly) || b[4] != '-' || b[7] != '-' {
		return day, false
	}
	y, ok1 := natural(b[:4])
	m, ok2 := natural(b[5:7])
	d, ok3 := natural(b[8:])
	day = time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, time.UTC)
	return day, ok1 && ok2 && ok3 && day.Year() == int(y) && day.Month() == time.Month(m) && day.Day() == int(d)
}

// parseTime returns the seconds since midnight.
func parseTime(b []byte) (seconds int64, ok bool) {
	if len(b) != len(time.TimeOnly) || b[2] != ':' || b[5] != ':' && b[5] != '-' {
		return 0, false
	}
	h, ok1 := natural(b[:2])
	m, ok2 := natural(b[3:5])
	s, ok3 := natural(b[6:])
	return h*3600 + m*60 + s, ok1 && ok2 && ok3 && h < 24 && m < 60 && s < 60
}
