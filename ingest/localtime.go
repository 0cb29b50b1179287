package ingest

import (
	"bytes"
	"time"
)

// localTime parses local times without an offset, line by line.
//
// In the hour that is repeated when daylight saving time ends, the order of the lines decides: a time is taken as the
// earlier one, unless that is more than a minute before the line above, and then as the later one. The minute allows
// for lines that are out of order by a few seconds, as several jails write them. The hour that is skipped when daylight
// saving time begins does not occur; a time in it is read as if the clock had not been put forward.
type localTime struct {
	zone  *time.Location
	last  int64 // unix seconds of the line above
	local int64 // of the last time that was read here, and did not come with a zone; 0: none
	given bool  // the last time came with its zone

	date                      [10]byte // that the following belong to
	midnight                  int64    // as if the zone were UTC
	offsetBefore, offsetAfter int64    // offsets in force around the day, seconds east of UTC
}

// tolerance is how much earlier than the line above a line may be and still be in the same hour, in seconds.
const tolerance = 60

// Years in which a ban may lie: Fail2Ban began in 2004.
const firstYear, lastYear = 2000, 2099

var (
	earliest = time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	latest   = time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

func (l *localTime) lastTime() time.Time {
	if l.last < earliest {
		return time.Time{}
	}
	return time.Unix(l.last, 0)
}

// epoch parses unix seconds.
func (l *localTime) epoch(field []byte) (time.Time, error) {
	n, err := number(field)
	if err != nil {
		return time.Time{}, errTime
	}
	return l.accept(n)
}

// accept returns the time, and keeps it for the next line.
func (l *localTime) accept(unix int64) (time.Time, error) {
	if unix < earliest || unix >= latest {
		return time.Time{}, errYear
	}
	l.last, l.given = unix, true
	return time.Unix(unix, 0), nil
}

// read parses 2006-01-02 and 15:04:05, or 15:04-05 as bcambl/fail2ban-blacklist writes it.
func (l *localTime) read(date, clock []byte) (time.Time, error) {
	seconds, ok := parseTime(clock)
	if !ok {
		return time.Time{}, errTime
	}
	if !bytes.Equal(date, l.date[:]) {
		day, ok := parseDate(date)
		if !ok {
			return time.Time{}, errTime
		}
		if day.Year() < firstYear || day.Year() > lastYear {
			return time.Time{}, errYear
		}
		copy(l.date[:], date)
		l.midnight = day.Unix()
		l.offsetBefore, l.offsetAfter = l.offset(day.AddDate(0, 0, -1)), l.offset(day.AddDate(0, 0, 2))
	}
	wall := l.midnight + seconds
	first, second := wall-l.offsetBefore, wall-l.offsetAfter
	if first == second {
		return l.acceptLocal(first)
	}
	isFirst, isSecond := l.offsetAt(first) == l.offsetBefore, l.offsetAt(second) == l.offsetAfter
	if !isFirst && isSecond || isFirst && isSecond && first < l.last-tolerance {
		first = second // after the change, or in the repeated hour
	}
	return l.acceptLocal(first)
}

func (l *localTime) acceptLocal(unix int64) (t time.Time, err error) {
	l.local = unix
	t, err = l.accept(unix)
	l.given = false
	return t, err
}

func (l *localTime) offset(t time.Time) int64 { return l.offsetAt(t.Unix()) }

func (l *localTime) offsetAt(unix int64) int64 {
	_, offset := time.Unix(unix, 0).In(l.zone).Zone()
	return int64(offset)
}

// parseDate parses 2006-01-02.
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

// parseTime parses 15:04:05 or 15:04-05 into seconds since midnight.
func parseTime(b []byte) (seconds int64, ok bool) {
	if len(b) != len(time.TimeOnly) || b[2] != ':' || b[5] != ':' && b[5] != '-' {
		return 0, false
	}
	h, ok1 := natural(b[:2])
	m, ok2 := natural(b[3:5])
	s, ok3 := natural(b[6:])
	return h*3600 + m*60 + s, ok1 && ok2 && ok3 && h < 24 && m < 60 && s < 60
}
