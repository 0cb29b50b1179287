package ingest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"friendlyfire/store"
)

// undecidedRow parses a line while the columns are not known. It decides them if the line tells them.
func (p *csvParser) undecidedRow(line []byte, b *store.Ban) (err error) {
	if p.header(line) {
		return otherHeader
	}
	if isRemark(line) {
		return otherRemark
	}
	if p.names == nil && p.isOwn(line) {
		p.dialect = dialect{columns: newColumns(""), own: true, ready: true, order: p.order}
		return p.read(b)
	}
	if p.names == nil && p.readHeader(line, true) {
		return otherHeader
	}
	before := p.dialect
	if p.dialect, err = p.infer(line); err != nil {
		p.dialect = before
		return err
	}
	if err = p.read(b); err != nil && !errors.Is(err, errOrder) {
		p.dialect = before
	}
	return err
}

// isOwn splits the line, and reports whether it is in one of our own forms.
func (p *csvParser) isOwn(line []byte) bool {
	p.separator = 0
	p.split(line)
	n := len(p.fields)
	if n != len(original.names) && n != len(rich.names)-1 && n != len(rich.names) {
		return false
	}
	if _, ok := parseDate(p.fields[colDate]); !ok {
		return false
	}
	if _, ok := parseTime(p.fields[colTime]); !ok {
		return false
	}
	if n == len(original.names) {
		return onlyAddress(string(p.fields[colAddress])) != ""
	}
	numbers := 0
	for _, field := range p.fields[colFailures:colMatches] {
		if isNumber(field) {
			numbers++
		}
	}
	return numbers > 1
}

// infer finds out the dialect by what the fields of the line hold, and leaves its fields split.
func (p *csvParser) infer(line []byte) (dialect, error) {
	if p.names != nil {
		if p.split(line); len(p.fields) == len(p.names) {
			return p.complete(p.dialect)
		}
	}
	var why error = errNoAddressColumn
	for _, delimiter := range delimiters {
		d := dialect{order: p.order, separator: delimiter.byte}
		if delimiter.byte == ',' {
			d.separator = 0
		}
		p.dialect = d
		p.split(line)
		n := len(p.fields)
		if n > maxFields {
			return d, errColumns
		}
		found, err := p.complete(d.with(newColumns(strings.TrimSuffix(strings.Repeat(unknown+",", n), ","))))
		switch {
		case err == nil, isOther(err):
			return found, err
		case n < 2:
			if errors.Is(err, errNoTimeColumn) {
				why = err
			}
		case !errors.Is(err, errNoAddressColumn):
			why = err
		case errors.Is(why, errNoAddressColumn):
			why = delimiter.unknown
		}
	}
	return dialect{}, why
}

// complete finds the columns that the dialect does not know in the fields of the line.
func (p *csvParser) complete(d dialect) (dialect, error) {
	names := slices.Clone(d.names)
	headerless := !slices.ContainsFunc(names, func(name string) bool { return name != unknown })
	if d.at[colAddress] < 0 {
		at := -1
		for i, name := range names {
			if name != unknown && name != "HOST" || onlyAddress(string(p.fields[i])) == "" {
				continue
			}
			if at >= 0 {
				return d, errAddressColumns
			}
			at = i
		}
		if at < 0 {
			return d, errNoAddressColumn
		}
		names[at] = onlyIP
	}
	if !d.timed() {
		if err := p.findTime(names); err != nil {
			return d, err
		}
	}
	if headerless {
		p.findJail(names)
		if d.separator == ' ' && !p.isPlain(names) {
			return d, errBlanks
		}
	}
	if o := p.saysNoBan(&d.columns); o != "" {
		return d, o
	}
	return d.with(newColumns(strings.Join(names, ","))), nil
}

// found is a time in the fields of a line.
type found struct {
	moment
	date, clock int // columns; the same: it is one
	width       int // fields, of a file that is separated by blanks
}

// findTime finds the columns of the ban's time.
func (p *csvParser) findTime(names []string) error {
	all := p.findTimes(names)
	if len(all) == 0 {
		return errNoTimeColumn
	}
	first := all[0]
	for _, f := range all[1:] {
		slack := int64(0)
		if f.absolute != first.absolute {
			slack = 26 * 3600
		}
		if f.approximate() < first.approximate()-slack {
			return errTimeColumns
		}
	}
	switch {
	case first.date != first.clock:
		names[first.date], names[first.clock] = "DATE", "TIME"
	case first.epoch:
		names[first.date] = "EPOCH"
	default:
		names[first.date] = "DATETIME"
		for i := 1; i < first.width; i++ {
			names[first.date+i] = continued
		}
	}
	return nil
}

// findTimes returns all times in the fields of the line, in the order of the columns.
func (p *csvParser) findTimes(names []string) (all []found) {
	var dates, clocks []found
	for i := 0; i < len(names); i++ {
		switch names[i] {
		case unknown, "DATE", "TIME", "BANTIME":
		default:
			continue
		}
		f, ok := p.timeAt(i, names)
		switch {
		case !ok:
			continue
		case f.full():
			all = append(all, f)
		case f.hasDate:
			dates = append(dates, f)
		default:
			clocks = append(clocks, f)
		}
		i += f.width - 1
	}
	for n, d := range dates {
		for m, c := range clocks {
			if c.date == d.date+1 || len(dates) == 1 && len(clocks) == 1 || n == m && len(dates) == len(clocks) {
				d.hasClock, d.seconds, d.clock = true, c.seconds, c.date
				all = append(all, d)
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return min(a.date, a.clock) - min(b.date, b.clock) })
	return all
}

// timeAt returns the time that begins in this field.
func (p *csvParser) timeAt(i int, names []string) (f found, ok bool) {
	most := 1
	if p.separator == ' ' {
		most = min(6, len(names)-i)
	}
	text := []byte{}
	for n := range most {
		if names[i+n] != unknown && n > 0 {
			break
		}
		if n > 0 {
			text = append(text, ' ')
		}
		text = append(text, p.fields[i+n]...)
		m, isTime := parseMoment(text)
		if isTime && (n == 0 || m.full() && m.zone == "") {
			f, ok = found{m, i, i, n + 1}, true
		}
	}
	return f, ok
}

// approximate returns the time in unix seconds, as if it were written in UTC, month first.
func (f *found) approximate() int64 {
	if f.epoch {
		return f.unix
	}
	return time.Date(f.year, time.Month(f.month), f.day, 0, 0, 0, 0, time.UTC).Unix() + f.seconds - f.offset
}

// findJail finds the column of the jail, if there is only one that can be it, and what Fail2Ban's
// "get JAIL banip --with-time" writes after the time: + 600 = 2026-11-27 10:11:01.
func (p *csvParser) findJail(names []string) {
	jail := -1
	for i, name := range names {
		if name != unknown {
			continue
		}
		if i+2 < len(names) && string(p.fields[i]) == "+" && string(p.fields[i+2]) == "=" && isNumber(p.fields[i+1]) {
			names[i], names[i+1], names[i+2] = ignored, "BANTIME", ignored
			for j := i + 3; j < len(names); j++ {
				names[j] = ignored
			}
			return
		}
		if isJail(p.fields[i]) {
			if jail >= 0 {
				return
			}
			jail = i
		}
	}
	if jail >= 0 {
		names[jail] = "JAIL"
	}
}

// isJail reports whether the field can be a jail: a lower-case word.
func isJail(field []byte) bool {
	if len(field) == 0 || len(field) > 60 || field[0] < 'a' || field[0] > 'z' ||
		says(field, banWords) || noBan(field) != "" {
		return false
	}
	for _, c := range field {
		if !isLetter(c) && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// isPlain reports whether there is nothing but a time, an address, a jail and numbers in the line. Otherwise blanks
// separate words, not columns.
func (p *csvParser) isPlain(names []string) bool {
	for i, name := range names {
		field := p.fields[i]
		if name == unknown && !isNumber(field) && !says(field, banWords) && noBan(field) == "" {
			return false
		}
	}
	return true
}
