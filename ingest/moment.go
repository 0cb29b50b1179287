package ingest

import (
	"bytes"
	"time"
)

// moment is a time as people write it. Its parts may be missing.
type moment struct {
	hasDate, hasClock    bool
	year, month, day     int
	seconds              int64  // since midnight
	offset               int64  // seconds east of UTC, if absolute
	absolute             bool   // it does not depend on the source's zone
	zone                 string // an abbreviation, which must be the one that the source's zone has at that time
	unix                 int64  // if epoch
	epoch                bool
	monthFirst, dayFirst bool // the readings that a date such as 03/04/2026 allows; both false: it is not written so
}

// full reports whether the moment tells both day and time of day.
func (m *moment) full() bool { return m.epoch || m.hasDate && m.hasClock }

// maxMoment is the length of the longest text that can be a time, in bytes.
const maxMoment = 64

// parseMoment parses the whole text as a time: unix seconds, milli-, micro- or nanoseconds; or a date, a time of day,
// or both, of which the date may be 2026-11-27, 2026/11/27, 20261127, 27.11.2026, 11/27/2026, 27/11/2026, 27/Nov/2026,
// Nov 27 2026, with or without the day of the week; and the time of day 10:01, 10:01:01.123, 10:01:01 PM, with or
// without a zone.
func parseMoment(text []byte) (m moment, ok bool) {
	text = bytes.TrimSpace(text)
	if n := len(text); n > 2 && text[0] == '[' && text[n-1] == ']' {
		text = text[1 : n-1]
	}
	if len(text) == 0 || len(text) > maxMoment {
		return m, false
	}
	if unix, ok := parseEpoch(text); ok {
		return moment{epoch: true, absolute: true, unix: unix}, true
	}
	s := scanner{text}
	if s.isClock() {
		return m, s.clock(&m) && s.zone(&m) && s.end()
	}
	s.weekday()
	if !s.date(&m) {
		return m, false
	}
	if s.end() {
		return m, m.hasDate
	}
	if !s.gap() || !s.clock(&m) || !s.zone(&m) {
		return m, false
	}
	if !m.hasDate { // the year comes last
		s.blanks()
		if m.year, ok = s.year(); !ok {
			return m, false
		}
		m.hasDate = m.exists()
	}
	return m, m.hasDate && s.end()
}

// parseEpoch parses unix time, in a unit that its size tells: 10 digits are seconds, 13 milliseconds, 16 microseconds,
// 19 nanoseconds. Decimals are dropped.
func parseEpoch(text []byte) (unix int64, ok bool) {
	digits := text
	if i := bytes.IndexAny(text, ".,"); i >= 0 {
		var fraction []byte
		digits, fraction = text[:i], text[i+1:]
		if len(fraction) > 9 || len(bytes.Trim(fraction, "0123456789")) > 0 {
			return 0, false
		}
	}
	if len(digits) < 9 || len(digits) > 19 {
		return 0, false
	}
	unit := len(digits) // what is left without thousandths, millionths and so on
	for unit > 11 {
		unit -= 3
	}
	for _, d := range digits[unit:] {
		if d < '0' || d > '9' {
			return 0, false
		}
	}
	unix, ok = natural(digits[:unit])
	return unix, ok && unix >= earliest && unix < latest
}

// exists reports whether there is such a day, and tells the readings of a date whose order is open.
func (m *moment) exists() bool {
	if m.monthFirst {
		m.dayFirst = isDay(m.year, m.day, m.month)
		m.monthFirst = isDay(m.year, m.month, m.day)
		return m.dayFirst || m.monthFirst
	}
	return isDay(m.year, m.month, m.day)
}

func isDay(year, month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
		time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

func (s *scanner) year() (year int, ok bool) {
	year, width := s.digits(4)
	return year, width == 4
}

// isClock reports whether a time of day comes next.
func (s *scanner) isClock() bool {
	colon := bytes.IndexByte(s.rest, ':')
	return colon == 1 || colon == 2
}

// index returns which of the names, counted from 1, the word is or abbreviates with at least three letters; 0: none.
func index(names []string, word []byte) int {
	if len(word) < 3 {
		return 0
	}
	for i, name := range names {
		if len(word) <= len(name) && bytes.EqualFold(word, []byte(name[:len(word)])) {
			return i + 1
		}
	}
	return 0
}

var (
	weekdays   = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	monthNames = []string{
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
		"december",
	}
)

// weekday skips the day of the week.
func (s *scanner) weekday() {
	from := s.rest
	if index(weekdays, s.word()) == 0 {
		s.rest = from
		return
	}
	s.take(",.")
	s.blanks()
}

// date takes a date. If it ends without a year, hasDate remains false.
func (s *scanner) date(m *moment) bool {
	if !s.end() && isLetter(s.rest[0]) { // Nov 27
		m.month = index(monthNames, s.word())
		s.take(".")
		if m.month == 0 || !s.blanks() {
			return false
		}
		var width int
		if m.day, width = s.digits(2); width == 0 {
			return false
		}
		return s.yearOfMonth(m)
	}
	first, width := s.digits(8)
	switch width {
	case 8: // 20261127
		m.year, m.month, m.day = first/10000, first/100%100, first%100
	case 4: // 2026-11-27
		m.year = first
		if !s.afterYear(m) {
			return false
		}
	case 1, 2: // 27.11.2026
		if !s.beforeYear(m, first) {
			return false
		}
	default:
		return false
	}
	m.hasDate = m.exists()
	return m.hasDate
}

// yearOfMonth takes the year in Nov 27, 2026. In Nov 27 10:01:01 2026 it comes later.
func (s *scanner) yearOfMonth(m *moment) bool {
	from := s.rest
	s.take(",")
	if s.blanks() && !s.isClock() {
		var ok bool
		if m.year, ok = s.year(); ok {
			m.hasDate = m.exists()
			return m.hasDate
		}
	}
	s.rest = from
	return !s.end()
}

// afterYear takes the month and the day in 2026-11-27, 2026/11/27, 2026-Nov-27.
func (s *scanner) afterYear(m *moment) bool {
	if !s.next("-/.") {
		return false
	}
	separator := string(s.rest[:1])
	s.take(separator)
	month, width := s.digits(2)
	if width == 0 {
		month = index(monthNames, s.word())
	}
	m.month = month
	if !s.take(separator) {
		return false
	}
	m.day, width = s.digits(2)
	return width > 0
}

// beforeYear takes the rest of 27.11.2026, 11/27/2026, 27/Nov/2026, 27 Nov 2026.
func (s *scanner) beforeYear(m *moment, first int) bool {
	if !s.next("-/. ") {
		return false
	}
	separator := string(s.rest[:1])
	s.take(separator)
	second, width := s.digits(2)
	switch {
	case width == 0:
		m.day, m.month = first, index(monthNames, s.word())
		s.take(",")
	case separator == ".":
		m.day, m.month = first, second
	case separator == " ":
		return false
	default:
		m.month, m.day, m.monthFirst = first, second, true
	}
	var ok bool
	if !s.take(separator) {
		return false
	}
	m.year, ok = s.year()
	return ok
}

// gap skips what stands between a date and a time of day.
func (s *scanner) gap() bool {
	if s.take("Tt_:") {
		return true
	}
	comma := s.take(",")
	return s.blanks() || comma
}

// clock takes a time of day.
func (s *scanner) clock(m *moment) bool {
	hour, width := s.digits(6)
	if width == 6 { // 20261127T100101
		m.hasClock, m.seconds = true, int64(hour/10000*3600+hour/100%100*60+hour%100)
		return hour/10000 < 24 && hour/100%100 < 60 && hour%100 < 60
	}
	if width == 0 || width > 2 || !s.take(":") {
		return false
	}
	minute, width := s.digits(2)
	second := 0
	if width != 2 {
		return false
	}
	if s.take(":") {
		if second, width = s.digits(2); width != 2 {
			return false
		}
		if s.next(".,") {
			s.take(".,")
			if _, width = s.digits(9); width == 0 {
				return false
			}
		}
	}
	hour, ok := s.half(hour)
	m.hasClock, m.seconds = true, int64(hour*3600+minute*60+second)
	return ok && hour < 24 && minute < 60 && second < 60
}

// half takes AM or PM, and returns the hour of the day.
func (s *scanner) half(hour int) (int, bool) {
	from := s.rest
	s.blanks()
	word := s.word()
	am, pm := bytes.EqualFold(word, []byte("am")), bytes.EqualFold(word, []byte("pm"))
	if !am && !pm {
		s.rest = from
		return hour, true
	}
	if pm {
		return hour%12 + 12, hour >= 1 && hour <= 12
	}
	return hour % 12, hour >= 1 && hour <= 12
}

// zone takes a zone, if there is one.
func (s *scanner) zone(m *moment) bool {
	from := s.rest
	s.blanks()
	switch word := s.word(); {
	case len(word) == 0 && s.next("+-"):
		return s.offset(m)
	case len(word) == 0:
		s.rest = from
	case bytes.EqualFold(word, []byte("Z")), bytes.Equal(word, []byte("UTC")), bytes.Equal(word, []byte("GMT")):
		m.absolute = true
		if s.next("+-") {
			return s.offset(m)
		}
	case len(word) >= 3 && len(word) <= 5:
		m.zone = string(word)
	default:
		return false
	}
	return true
}

// offset takes +01, +0100 or +01:00.
func (s *scanner) offset(m *moment) bool {
	west := s.next("-")
	s.take("+-")
	hours, width := s.digits(4)
	minutes := 0
	switch {
	case width == 4:
		hours, minutes = hours/100, hours%100
	case width == 2 && s.take(":"):
		if minutes, width = s.digits(2); width != 2 {
			return false
		}
	case width != 2:
		return false
	}
	m.absolute, m.offset = true, int64(hours*3600+minutes*60)
	if west {
		m.offset = -m.offset
	}
	return hours <= 14 && minutes < 60
}
