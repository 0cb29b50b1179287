package ingest

import (
	"bytes"
	"time"
)

// stamp is the time at the start of a line: with a zone, or local.
type stamp struct {
	zoned bool
	unix  int64 // if zoned

	clock []byte                   // 10:01:01, local; nil: no time was given
	date  [len(time.DateOnly)]byte // 2026-11-27; the year is 0000 where it is not given
}

func (t *stamp) given() bool { return t.clock != nil || t.zoned }

func (t *stamp) hasYear() bool { return t.date[0] != '0' }

// better reports whether t tells the time more surely than the other one: any is better than none, a zone than none, a
// year than none.
func (t *stamp) better(other *stamp) bool {
	switch {
	case !other.given():
		return true
	case t.zoned != other.zoned:
		return t.zoned
	}
	return t.hasYear() || !other.hasYear()
}

// readStamp reads the time at the start of s, which must end there or go on with a blank:
//
//	2026-11-27 10:01:01[,120] [+0100]     Fail2Ban itself
//	2026-11-27T10:01:01[.120][Z|+01:00]   RFC 3339, journalctl -o short-iso, Docker
//	[Fri] Nov 27 10:01:01[.120] [2026]    RFC 3164, journalctl, asctime
//	Fri 2026-11-27 10:01:01 CET           journalctl -o short-full
//	1795773661.120                        journalctl -o short-unix
//
// A named zone other than UTC is taken for the source's own, since the same name means several zones.
func readStamp(s []byte) (t stamp, rest []byte, ok bool) {
	if len(s) < len("1795773661") {
		return t, s, false
	}
	rest = s
	weekday := !isDigit(s[0]) && monthOf(s) == 0 && isWeekday(s)
	if weekday {
		rest = skipSpace(bytes.TrimPrefix(s[3:], []byte{','}))
	}
	const date = len(time.DateOnly)
	switch {
	case len(rest) == 0:
	case !isDigit(rest[0]):
		rest, ok = t.readAsctime(rest)
	case len(rest) > date && rest[4] == '-' && (rest[date] == ' ' || rest[date] == 'T'):
		copy(t.date[:], rest)
		if t.clock, rest, ok = readClock(rest[date+1:]); ok {
			rest = t.readZone(rest, weekday)
		}
	default:
		rest, ok = t.readUnix(rest)
	}
	if !ok || len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t' {
		return stamp{}, s, false
	}
	return t, rest, true
}

// readClock reads 10:01:01 and drops a fraction.
func readClock(s []byte) (clock, rest []byte, ok bool) {
	const length = len(time.TimeOnly)
	if len(s) < length || s[2] != ':' || s[5] != ':' {
		return nil, s, false
	}
	clock, rest = s[:length], s[length:]
	if len(rest) > 1 && (rest[0] == ',' || rest[0] == '.') && isDigit(rest[1]) {
		rest = skipDigits(rest[1:])
	}
	return clock, rest, true
}

// readZone reads the zone behind a clock, if there is one.
func (t *stamp) readZone(s []byte, named bool) (rest []byte) {
	zone := bytes.TrimPrefix(s, []byte{' '})
	word, _ := cutWord(zone)
	after := zone[len(word):]
	if string(word) == "Z" || string(word) == "UTC" || string(word) == "GMT" {
		return t.setZone(0, after, s)
	}
	if offset, ok := readOffset(word); ok {
		return t.setZone(offset, after, s)
	}
	if named && len(word) > 1 && len(word) < 6 {
		return after
	}
	return s
}

// readOffset reads +01:00, +0100 or +01, in seconds east of UTC.
func readOffset(s []byte) (seconds int64, ok bool) {
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, ok := natural(s[1:3])
	minutes := int64(0)
	if rest := bytes.TrimPrefix(s[3:], []byte{':'}); ok && len(rest) > 0 {
		minutes, ok = natural(rest)
		ok = ok && len(rest) == 2
	}
	seconds = hours*3600 + minutes*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, ok && hours < 24 && minutes < 60
}

// setZone makes the local time one with a zone. If it is no time at all, the zone is left alone.
func (t *stamp) setZone(offset int64, after, otherwise []byte) (rest []byte) {
	day, ok := parseDate(t.date[:])
	seconds, ok2 := parseTime(t.clock)
	if !ok || !ok2 {
		return otherwise
	}
	t.zoned, t.unix = true, day.Unix()+seconds-offset
	return after
}

// readAsctime reads Nov 27 10:01:01, with blanks or a zero before a day of one digit, and a year behind it if there is
// one.
func (t *stamp) readAsctime(s []byte) (rest []byte, ok bool) {
	month := monthOf(s)
	if month == 0 {
		return s, false
	}
	s = skipSpace(s[3:])
	digits := len(s) - len(skipDigits(s))
	day, ok := natural(s[:min(digits, 3)])
	if !ok || day > 31 {
		return s, false
	}
	if t.clock, rest, ok = readClock(skipSpace(s[digits:])); !ok {
		return s, false
	}
	copy(t.date[:], "0000-00-00")
	t.date[5], t.date[6] = '0'+byte(month/10), '0'+byte(month%10)
	t.date[8], t.date[9] = '0'+byte(day/10), '0'+byte(day%10)
	if year, _ := cutWord(bytes.TrimPrefix(rest, []byte{' '})); len(year) == 4 && isDigits(year) {
		copy(t.date[:], year)
		rest = rest[bytes.Index(rest, year)+len(year):]
	}
	return rest, true
}

// readUnix reads seconds since 1970 with decimals.
func (t *stamp) readUnix(s []byte) (rest []byte, ok bool) {
	const digits = len("1795773661")
	if len(s) < digits+2 || s[digits] != '.' {
		return s, false
	}
	t.unix, t.zoned = natural(s[:digits])
	return skipDigits(s[digits+1:]), t.zoned
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// monthOf returns the month whose English name s starts with, followed by a blank; 0: none.
func monthOf(s []byte) int {
	if len(s) < 4 || s[3] != ' ' {
		return 0
	}
	for i := 0; i < len(months); i += 3 {
		if s[0] == months[i] && s[1] == months[i+1] && s[2] == months[i+2] {
			return i/3 + 1
		}
	}
	return 0
}

// isWeekday reports whether s starts with the short English name of a weekday.
func isWeekday(s []byte) bool {
	if s[3] != ' ' && s[3] != ',' {
		return false
	}
	const weekdays = "MonTueWedThuFriSatSun"
	for i := 0; i < len(weekdays); i += 3 {
		if s[0] == weekdays[i] && s[1] == weekdays[i+1] && s[2] == weekdays[i+2] {
			return true
		}
	}
	return false
}

func skipDigits(s []byte) []byte {
	for len(s) > 0 && isDigit(s[0]) {
		s = s[1:]
	}
	return s
}
